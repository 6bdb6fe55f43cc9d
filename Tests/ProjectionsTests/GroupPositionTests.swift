import DaybookModel
import Doubles
import NIOCore
import Ports
import Testing

@testable import Projections

/// A group's stream and a member's mailbox, in two partitions of which either may be folded first.
@Suite("how far members have come in groups, by both their streams")
struct GroupPositionTests {
  private let folder: TemporaryFolder
  private let zoe = UserID(checked: "zoe")
  private let phone = DeviceID(checked: "phone")
  private let mailbox = StreamKey.user(UserID(checked: "zoe"))

  init() throws { folder = try TemporaryFolder() }

  /// Of this user's mailbox.
  private func own(_ body: Event.Body, seq: UInt64 = 0) -> Event {
    Event(
      stream: mailbox, seq: Seq(seq), recordedAt: Timestamp(milliseconds: 1),
      actor: Actor(user: zoe, device: phone), body: body)
  }

  private func talk(_ count: Int) -> (GroupChat, [Event]) {
    var chat = GroupChat()
    var events = chat.found(by: "ann", with: ["zoe"])
    for index in 0..<count { events.append(chat.message(from: index == 1 ? "zoe" : "ann")) }
    return (chat, events)
  }

  /// Positions in the group and the mailbox; and what is unread then, of ann's messages at 3, 5 … 12.
  static let positions: [(group: UInt64, mailbox: UInt64, unread: UInt64)] = [
    (0, 0, 9), (5, 0, 7), (0, 5, 7), (5, 8, 4), (8, 5, 4), (0, 12, 0), (0, 11, 1), (3, 4, 8),
    (12, 2, 0),
  ]

  @Test("of the read positions of a group and a mailbox the greater counts", arguments: positions)
  func unread(group: UInt64, mailbox: UInt64, unread: UInt64) async throws {
    let log = MemoryLog(partitions: 1)
    var (chat, events) = talk(10)
    if group > 0 { events.append(chat.read("zoe", upTo: Seq(group))) }
    log.append(events)
    if mailbox > 0 { log.append([own(.groupRead(chat.group, upTo: Seq(mailbox)), seq: 1)]) }
    try makeEngine(log, folder).catchUp()
    let queries = makeQueries(log, folder)
    // Asked again, it is what was counted before.
    for _ in 0..<2 {
      let counts = try await queries.unread(of: zoe)
      #expect(counts.map(\.unread) == (unread == 0 ? [] : [unread]))
      let page = try await queries.unreadPage(of: zoe, after: nil, limit: 10)
      #expect(page.total == unread)
    }
    // And goes on from there.
    log.append([own(.groupRead(chat.group, upTo: Seq(9)), seq: mailbox > 0 ? 2 : 1)])
    log.append([chat.message(from: "ann")])
    try makeEngine(log, folder).catchUp()
    let read = max(group, mailbox, 9)
    #expect(try await queries.unread(of: zoe).map(\.unread) == [UInt64(13 - read)])
  }

  @Test("whichever stream is folded first, the same rows come of it")
  func order() throws {
    var hashes: Set<[String]> = []
    for isMailboxFirst in [false, true] {
      let folder = try TemporaryFolder()
      let log = MemoryLog(partitions: 1)
      let (chat, events) = talk(4)
      let read = own(.groupRead(chat.group, upTo: Seq(5)), seq: 1)
      let acked = own(.groupCursors([GroupPosition(chat.group, upTo: Seq(5))]))
      if isMailboxFirst { log.append([read, acked]) }
      log.append(events)
      if !isMailboxFirst { log.append([read, acked]) }
      try makeEngine(log, folder).catchUp()
      // The history's rows name offsets.
      hashes.insert(Array(try stateHashes(log, folder).dropFirst()))
    }
    #expect(hashes.count == 1)
  }

  @Test(
    "what waits for a device is behind the greater of its cursors in a group and in the mailbox",
    arguments: [(4, 0, 4), (0, 6, 6), (4, 6, 6), (6, 4, 6)] as [(UInt64, UInt64, UInt64)])
  func offline(group: UInt64, gathered: UInt64, cursor: UInt64) async throws {
    let log = MemoryLog(partitions: 1)
    var (chat, events) = talk(6)
    events.append(own(.cursorOpened(cursor: .none, registration: Seq(1))))
    // As older servers logged it.
    if group > 0 { events.append(chat.ack("zoe", on: "phone", upTo: Seq(group))) }
    if gathered > 0 {
      events.append(own(.groupCursors([GroupPosition(chat.group, upTo: Seq(gathered))])))
    }
    log.append(events)
    try makeEngine(log, folder).catchUp()
    let queries = makeQueries(log, folder)
    let streams = try await queries.offline(user: zoe, device: phone)
    #expect(streams.last?.stream == .group(chat.group))
    #expect(streams.last?.cursor == Seq(cursor) && streams.last?.pending == 8 - cursor)
    // One of the same name that comes later has acked nothing of that.
    log.append([
      own(.deviceForgotten(phone), seq: 1),
      own(.cursorOpened(cursor: Seq(1), registration: Seq(2))),
    ])
    try makeEngine(log, folder).catchUp()
    let again = try await queries.offline(user: zoe, device: phone)
    #expect(again.last?.cursor == Seq(group > 0 ? group : 1))
  }

  @Test("who joins unannounced sees what comes from then on, and has nothing unread of before")
  func unannounced() async throws {
    let log = MemoryLog(partitions: 1)
    var (chat, events) = talk(2)
    let cem = UserID(checked: "cem")
    func silent(_ body: Event.Body) -> Event {
      Event(
        stream: .group(chat.group), recordedAt: Timestamp(milliseconds: 1),
        actor: Actor(user: cem), body: body)
    }
    // An empty stay, and one with a single message.
    events += [
      silent(.memberJoined(cem, from: Seq(5))), silent(.memberLeft(cem, through: Seq(4))),
      silent(.memberJoined(cem, from: Seq(5))), chat.message(from: "ann"),
    ]
    log.append(events)
    try makeEngine(log, folder).catchUp()
    let queries = makeQueries(log, folder)
    #expect(try await queries.unread(of: cem).map(\.unread) == [1])
    let receipts = try await queries.receipts(
      of: .group(chat.group), seq: Seq(5), author: UserID(checked: "ann"), stated: .on, after: nil,
      limit: 10)
    #expect(receipts.receipts.map(\.user.text) == ["cem", "zoe"] && receipts.unreadCount == 2)
    let before = try await queries.receipts(
      of: .group(chat.group), seq: Seq(4), author: zoe, stated: .on, after: nil, limit: 10)
    #expect(before.receipts.map(\.user.text) == ["ann"] && before.unreadCount == 1)
    let memberships = try await queries.memberships(of: chat.group, after: nil, limit: 10)
    let stays = memberships.first { $0.user == cem }?.stays.map(\.seqs)
    #expect(
      stays == [SeqInterval(first: Seq(5), last: Seq(4)), SeqInterval(first: Seq(5), last: nil)])
  }

  @Test("what a late device needs to know of each conversation is answered, in pages")
  func overview() async throws {
    let log = MemoryLog(partitions: 1)
    var (chat, events) = talk(3)
    events.append(chat.read("zoe", upTo: Seq(3)))
    var other = GroupChat("other")
    events += other.found(by: "ann", with: [])
    log.append(events)
    var direct = MailboxChat()
    log.append([direct.message(0), direct.message(1)])
    log.append([
      own(.groupRead(chat.group, upTo: Seq(4)), seq: 3),
      own(
        .conversationMarked(
          .user(UserID(checked: "cem")), ConversationMarks(isPinned: true)), seq: 4),
    ])
    try makeEngine(log, folder).catchUp()
    let queries = makeQueries(log, folder)
    let all = try await queries.overview(of: zoe, after: nil, limit: 10)
    #expect(all.map(\.conversation.text) == ["group/ubuntu", "user/ann", "user/cem"])
    #expect(all[0].joined == Seq(2) && all[0].lastSeq == Seq(5) && all[0].readSeq == Seq(4))
    #expect(all.map(\.unread) == [1, 1, 1] && all[2].marks.isPinned)
    #expect(all[1].lastSeq == Seq(1) && all[1].lastMessageID != .none)
    var paged: [ConversationOverview] = []
    while true {
      let page = try await queries.overview(of: zoe, after: paged.last?.conversation, limit: 1)
      if page.isEmpty { break }
      paged += page
    }
    #expect(paged == all)
  }
}
