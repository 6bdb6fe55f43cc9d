import DaybookModel
import Doubles
import Ports
import Testing

@testable import Projections

@Suite struct DirectoryTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 1)
  private let queries: QueryService
  private var chat = GroupChat()

  init() throws {
    folder = try TemporaryFolder()
    queries = makeQueries(log, folder)
  }

  @Test("in a log without roles a group falls to whoever has been there longest")
  mutating func withoutRoles() async throws {
    log.append(chat.found(by: "ann", with: ["zoe", "bob"]))
    log.append([chat.leave("ann")])
    try makeEngine(log, folder).catchUp()
    #expect(try await queries.groupDetails(chat.group).profile.owner == UserID(checked: "zoe"))
    #expect(try await roles() == ["bob": .member, "zoe": .owner])
    // Nobody ever said that zoe was the owner: who hands the group over was.
    log.append([chat.changeRole("bob", .owner, by: "zoe")])
    try makeEngine(log, folder).catchUp()
    #expect(try await queries.groupDetails(chat.group).profile.owner == UserID(checked: "bob"))
    #expect(try await roles() == ["bob": .owner, "zoe": .admin])
    log.append([chat.leave("zoe"), chat.leave("bob")])
    try makeEngine(log, folder).catchUp()
    #expect(try await queries.groupDetails(chat.group).profile.owner == nil)
    log.append([chat.join("cem")])
    try makeEngine(log, folder).catchUp()
    #expect(try await roles() == ["cem": .owner])
    let past = try await queries.memberships(of: chat.group, after: nil, limit: 10)
    #expect(past.map(\.user.text) == ["ann", "bob", "cem", "zoe"])
    #expect(past.map { $0.role != nil } == [false, false, true, false])
  }

  @Test("a text that SQLite would cut is kept as it is shown, so that the state hash holds")
  mutating func zeroByte() async throws {
    log.append(chat.found(by: "ann", with: []))
    log.append([chat.change(title: "a\0b", by: "ann")])
    try makeEngine(log, folder).catchUp()
    #expect(try await queries.groupDetails(chat.group).profile.settings.title == "a\u{FFFD}b")
    let projections = ProjectionCatalog(folder: folder.path, log: log, logger: .silent)
    #expect(try projections.verify().allSatisfy(\.isOK))
    log.append([chat.change(title: "c", by: "ann")])
    try makeEngine(log, folder).catchUp()
    #expect(try projections.verify().allSatisfy(\.isOK))
  }

  @Test("a device that was forgotten is unknown, and begins anew when it comes again")
  mutating func forgotten() async throws {
    var mailbox = MailboxChat()
    let (owner, phone) = (mailbox.owner, DeviceID(checked: "phone"))
    log.append([mailbox.onPhone(.cursorOpened(cursor: .none, registration: Seq(1)))])
    log.append((0..<6).map { mailbox.message($0) })
    log.append([mailbox.onPhone(.acked(upTo: Seq(5)))])
    log.append([mailbox.onPhone(.sessionOpened(session: "a", client: "c"))])
    try makeEngine(log, folder).catchUp()
    #expect(try await queries.devices(of: owner).map(\.cursor) == [Seq(5)])
    log.append([mailbox.own(.deviceForgotten(phone))])
    log.append([mailbox.onPhone(.sessionClosed(session: "a", reason: "device_forgotten"))])
    try makeEngine(log, folder).catchUp()
    #expect(try await queries.devices(of: owner).isEmpty)
    let error = await #expect(throws: DaybookError.self) {
      try await queries.offline(user: owner, device: phone)
    }
    #expect(error?.code == .unknownDevice)
    log.append([mailbox.onPhone(.cursorOpened(cursor: Seq(2), registration: Seq(3)))])
    try makeEngine(log, folder).catchUp()
    #expect(
      try await queries.devices(of: owner) == [
        DeviceProfile(device: phone, cursor: Seq(2), lastSeen: .none)
      ])
    #expect(try await queries.offline(user: owner, device: phone).map(\.cursor) == [Seq(2)])
  }

  @Test(
    "tokens that are void are told of, each holder's apart, until all are; a class is the last token's"
  )
  mutating func revoked() async throws {
    var mailbox = MailboxChat()
    let owner = mailbox.owner
    func until(_ milliseconds: UInt64, _ device: String? = nil, ofService: Bool = false)
      -> Revocation
    {
      Revocation(
        device: device.map { DeviceID(checked: $0) },
        issuedUntil: Timestamp(milliseconds: milliseconds), isOfService: ofService)
    }
    let (one, two) = (Revocation(tokenID: "1"), Revocation(tokenID: "2", isOfService: true))
    log.append([
      mailbox.own(.tokensRevoked(until(1, "phone"))), mailbox.own(.tokensRevoked(one)),
      mailbox.own(.tokensRevoked(two)), mailbox.own(.tokensRevoked(until(2, "desk"))),
      mailbox.own(.tokensRevoked(until(3, "phone"))),
    ])
    try makeEngine(log, folder).catchUp()
    #expect(
      try await queries.userDetails(owner).revocations
        == [one, until(2, "desk"), until(3, "phone"), two])
    log.append([mailbox.own(.tokensRevoked(until(9)))])
    log.append([mailbox.own(.tokensRevoked(one))])
    log.append([mailbox.onPhone(.cursorOpened(cursor: .none, registration: Seq(1)))])
    for kind in ["old", "mobile"] {
      log.append([
        mailbox.onPhone(.sessionOpened(session: kind, client: "c", deviceClass: kind))
      ])
    }
    try makeEngine(log, folder).catchUp()
    #expect(try await queries.userDetails(owner).revocations == [until(9), one, two])
    #expect(try await queries.devices(of: owner).map(\.deviceClass) == ["mobile"])
    let projections = ProjectionCatalog(folder: folder.path, log: log, logger: .silent)
    #expect(try projections.verify().allSatisfy(\.isOK))
  }

  private func roles() async throws -> [String: Role] {
    let members = try await queries.members(of: chat.group, after: nil, limit: 10)
    return Dictionary(uniqueKeysWithValues: members.map { ($0.user.text, $0.role) })
  }

  @Test("members, memberships, marks and blocked users come in pages")
  mutating func pages() async throws {
    let users = (0..<20).map { "user-\($0)" }
    log.append(chat.found(by: "user-0", with: Array(users.dropFirst())))
    var mailbox = MailboxChat()
    for user in users {
      let peer = UserID(checked: user)
      log.append([
        mailbox.own(.userBlocked(peer)),
        mailbox.own(.conversationMarked(.user(peer), ConversationMarks(isPinned: true))),
      ])
    }
    try makeEngine(log, folder).catchUp()
    let (queries, owner, group) = (queries, mailbox.owner, chat.group)
    let sorted = users.map { UserID(checked: $0) }.sorted()
    #expect(
      try await all { after in
        try await queries.members(of: group, after: after, limit: 6).map(\.user)
      } == sorted)
    #expect(
      try await all { after in
        try await queries.memberships(of: group, after: after, limit: 6).map(\.user)
      } == sorted)
    #expect(
      try await all { try await queries.blocked(by: owner, after: $0, limit: 6) } == sorted)
    #expect(
      try await all { after in
        let marks = try await queries.marks(
          of: owner, after: after.map { .user($0) }, limit: 6)
        return marks.compactMap(\.conversation.userID)
      } == sorted)
  }

  private func all(_ page: (UserID?) async throws -> [UserID]) async throws -> [UserID] {
    var all: [UserID] = []
    while true {
      let some = try await page(all.last)
      if some.isEmpty { return all }
      all += some
    }
  }

  @Test("groups and users that nobody knows are told apart from empty ones")
  mutating func unknown() async throws {
    log.append(chat.found(by: "ann", with: []))
    try makeEngine(log, folder).catchUp()
    let group = await #expect(throws: DaybookError.self) {
      try await queries.groupDetails(GroupID(checked: "other"))
    }
    #expect(group?.code == .groupNotFound)
    let user = await #expect(throws: DaybookError.self) {
      try await queries.userDetails(UserID(checked: "nobody"))
    }
    #expect(user?.code == .unknownUser)
    #expect(try await queries.devices(of: UserID(checked: "nobody")).isEmpty)
    #expect(try await queries.lastSeen(of: [UserID(checked: "nobody")]) == [.none])
  }
}
