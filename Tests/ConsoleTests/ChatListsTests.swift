import DaybookModel
import Testing

@testable import Console
@testable import DaybookSDK

@Suite("The console client's lists")
struct ChatListsTests {
  private let reader = ChatReader(me: "me", open: nil, clock: .fixed())

  @Test("say what is unread, what of it is for the user, and what is quiet")
  func unread() {
    #expect(ChatText.unread(UnreadCounts()) == "nothing unread")
    let one = UnreadCounts(
      conversations: [ConversationUnread(conversation: .user("bob"), unread: 2)], total: 2)
    #expect(ChatText.unread(one) == "bob: 2 unread")
    let some = UnreadCounts(
      conversations: [
        ConversationUnread(conversation: .group("team"), unread: 3, mentions: 1, isQuiet: true),
        ConversationUnread(conversation: .user("bob"), unread: 2),
        ConversationUnread(conversation: .user("eve"), unread: 0, isMarked: true),
      ], total: 2, quietTotal: 3, mentionsTotal: 1)
    #expect(
      ChatText.unread(some) == """
        #team: 3 unread, 1 of them for you, quiet
        bob: 2 unread
        eve: marked as unread
        2 unread in all, and 3 in quiet ones
        """)
  }

  @Test("say who has read a message, and count whom they leave out")
  func receipts() {
    let receipts = MessageReceipts(
      receipts: [
        MessageReceipt(
          user: "al", deliveredAt: nil, readAt: Moment(millisecondsSince1970: 1_800_000_000_000)),
        MessageReceipt(
          user: "bo", deliveredAt: Moment(millisecondsSince1970: 1_800_000_000_000), readAt: nil),
        MessageReceipt(user: "me", deliveredAt: nil, readAt: nil),
      ], readCount: 2, unreadCount: 2, more: true)
    #expect(
      ChatText.receipts(receipts, of: 7, for: reader) == """
        [7] read by 2 of 4
          al: read 2027-01-15 08:00
          bo: delivered 2027-01-15 08:00
          you: not read
          and 1 more
        """)
  }

  @Test("say what a group is, and what the user is there")
  func group() {
    let attributes = GroupAttributes(GroupSettings(title: "The team", joinPolicy: .invitation))
    var info = GroupInfo(
      id: "team", attributes: attributes, owner: "al", memberCount: 3, onlineCount: 1,
      isDissolved: false, role: .admin, requests: ["bo", "cy"])
    #expect(
      ChatText.group(info, me: "me") == """
        #team: "The team", by invitation only
        the owner is al, members: 3, 1 online
        you are an admin
        these ask to be let in: bo, cy
        """)
    info.owner = "me"
    info.role = .owner
    info.requests = []
    #expect(
      ChatText.group(info, me: "me").split(separator: "\n").last
        == "the owner is you, members: 3, 1 online")
    info.isDissolved = true
    #expect(ChatText.group(info, me: "me") == "#team was ended for good")
    let members = [
      GroupMembership(user: "al", role: .member), GroupMembership(user: "bo", role: .owner),
      GroupMembership(user: "me", role: .admin),
    ]
    #expect(ChatText.members(members, me: "me") == "bo (owner)\nyou (admin)\nal")
  }

  @Test("say where the user is logged in, whom it blocks and what it has marked")
  func own() {
    let devices = [
      UserDevice(
        id: "phone", isOnline: true, lastSeen: Moment(millisecondsSince1970: 1), cursor: 3),
      UserDevice(
        id: "tablet", isOnline: false, lastSeen: Moment(millisecondsSince1970: 1_800_000_000_000),
        cursor: 3, deviceClass: "mobile"),
      UserDevice(id: "tv", isOnline: false, lastSeen: nil, cursor: 0),
    ]
    #expect(
      ChatText.devices(devices, this: "phone", .fixed()) == """
        phone: online (this one)
        tablet, mobile: last seen 2027-01-15 08:00
        tv: never online
        """)
    #expect(ChatText.blocked([]) == "you block nobody" && ChatText.blocked(["b", "c"]) == "b\nc")
  }

  @Test("say which conversations there are: pinned ones first, then those with something unread")
  func list() {
    #expect(ChatText.list([]).contains("/to USER"))
    let all: [ChatText.Listed] = [
      .init(conversation: .user("ann"), isOpen: true),
      .init(conversation: .group("big"), unread: 71_751, mentions: 3, isQuiet: true),
      .init(conversation: .user("zoe"), isPinned: true),
      .init(conversation: .user("bob"), isMarkedUnread: true),
      .init(conversation: .group("fun")),
    ]
    #expect(
      ChatText.list(all) == """
        zoe: pinned
        #big: 71,751 unread, 3 of them for you, quiet
        bob: marked as unread
        #fun
        ann: here
        """)
  }
}
