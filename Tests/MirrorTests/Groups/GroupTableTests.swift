import DaybookModel
import DaybookSchema
import Doubles
import Mirror
import Testing

@Suite("The rows of groups")
struct GroupTableTests {
  private static let dev = GroupID(checked: "dev")

  /// A log of one partition's groups.
  private struct Course {
    var table = GroupTable()
    /// As a compacted topic has them: the last of each key, in order.
    var topic: [GroupTable.Change] = []
    var next: Int64 = 0

    /// What an event changes, by key.
    @discardableResult
    mutating func take(
      _ body: Event.Body, by user: String? = "alice", in group: GroupID = dev
    ) throws -> [String: String?] {
      let event = Event(
        stream: .group(group), recordedAt: Timestamp(milliseconds: 1_700_000_000_000),
        actor: Actor(user: user.map { UserID(checked: $0) }), body: body)
      var changes: [GroupTable.Change] = []
      try Events.bytes(event).withUnsafeBytes {
        try table.fold($0, at: Offset(next)) { changes.append($0) }
      }
      next += 1
      for change in changes {
        topic.removeAll { $0.key == change.key }
        topic.append(change)
      }
      return Dictionary(
        uniqueKeysWithValues: changes.map {
          (text($0.key), $0.value.map { text($0) })
        })
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Roles of members, as the topic has them.
    func roles(in group: GroupID = dev) throws -> [String: JSONValue] {
      var found: [String: JSONValue] = [:]
      for change in topic {
        let parts = text(change.key).split(separator: "/")
        guard parts.count == 3, parts[1] == group.text, let value = change.value else { continue }
        found[String(parts[2])] = try JSONReader.read(value)["role"]
      }
      return found
    }
  }

  private func user(_ id: String) -> UserID { UserID(checked: id) }

  @Test("a group has a row of its settings, and one a member")
  func rows() throws {
    var course = Course()
    let made = try course.take(
      .groupCreated(GroupSettings(title: "Dev \"1\"", description: "é", joinPolicy: .approval)))
    #expect(
      made["group/dev"] == #"{"v":1,"group":"dev","title":"Dev \"1\"","description":"é","#
        + #""join_policy":"approval","history_shown":false,"silenced":false,"members_listed":true,"#
        + #""offset":0}"#)
    #expect(
      made["group/dev/alice"]
        == #"{"v":1,"group":"dev","user":"alice","role":"owner","silenced":false,"#
        + #""joined_at":"2023-11-14T22:13:20.000Z","joined_at_ms":1700000000000,"joined_offset":0,"offset":0}"#
    )
    let joined = try course.take(.memberJoined(user("bob")))
    #expect(joined.keys.sorted() == ["group/dev/bob"])
    let changed = try course.take(.groupChanged(GroupSettings(title: "Dev 2")), by: nil)
    #expect(changed.keys.sorted() == ["group/dev"])
  }

  @Test("what changes nothing of settings and members is no row's")
  func others() throws {
    var course = Course()
    try course.take(.groupCreated(GroupSettings(title: "Dev")))
    for body in [
      .noted, .messageSent(Message(content: ContentCoding.text("hi"))),
      .memberInvited(user("bob")), .joinRequested(user("bob")),
      .read(peer: nil, upTo: Seq(1)),
    ] as [Event.Body] {
      #expect(try course.take(body).isEmpty)
    }
  }

  @Test("who becomes owner takes the place of the one before")
  func owners() throws {
    var course = Course()
    try course.take(.groupCreated(GroupSettings(title: "Dev")))
    try course.take(.memberJoined(user("bob")))
    let changed = try course.take(.roleChanged(user("bob"), .owner))
    #expect(changed.keys.sorted() == ["group/dev/alice", "group/dev/bob"])
    #expect(try course.roles() == ["alice": .string("admin"), "bob": .string("owner")])
    let left = try course.take(.memberLeft(user("bob"), successor: user("alice")))
    #expect(left["group/dev/bob"] == .some(nil))
    #expect(try course.roles() == ["alice": .string("owner")])
  }

  @Test("where an old log names no successor, it is who has been here longest, admins first")
  func oldLogs() throws {
    var course = Course()
    try course.take(.groupCreated(GroupSettings(title: "Dev")))
    for id in ["bob", "carol", "dave"] { try course.take(.memberJoined(user(id))) }
    try course.take(.roleChanged(user("carol"), .admin))
    try course.take(.memberLeft(user("alice")))
    #expect(try course.roles()["carol"] == .string("owner"))
    try course.take(.memberLeft(user("carol")))
    #expect(try course.roles() == ["bob": .string("owner"), "dave": .string("member")])
    try course.take(.memberLeft(user("bob")))
    try course.take(.memberLeft(user("dave")))
    #expect(try course.roles().isEmpty)
    // Who joins a group that nobody was left in has it.
    try course.take(.memberJoined(user("erin")))
    #expect(try course.roles() == ["erin": .string("owner")])
  }

  @Test("a silence outlasts the membership, and its end leaves no row")
  func silences() throws {
    var course = Course()
    try course.take(.groupCreated(GroupSettings(title: "Dev")))
    try course.take(.memberJoined(user("bob")))
    try course.take(.memberSilenced(user("bob"), true))
    let left = try course.take(.memberLeft(user("bob")))
    #expect(
      left["group/dev/bob"] == #"{"v":1,"group":"dev","user":"bob","role":null,"silenced":true,"#
        + #""joined_at":null,"joined_at_ms":null,"joined_offset":null,"offset":3}"#)
    let lifted = try course.take(.memberSilenced(user("bob"), false))
    #expect(lifted["group/dev/bob"] == .some(nil))
  }

  @Test("at a group's end all its rows are gone")
  func dissolved() throws {
    var course = Course()
    try course.take(.groupCreated(GroupSettings(title: "Dev")))
    try course.take(.memberJoined(user("bob")))
    try course.take(
      .groupCreated(GroupSettings(title: "Ops")), by: "bob", in: GroupID(checked: "ops"))
    let ended = try course.take(.groupDissolved)
    #expect(ended == ["group/dev": nil, "group/dev/alice": nil, "group/dev/bob": nil])
    #expect(
      course.table.rows.map { String(decoding: $0.key, as: UTF8.self) } == [
        "group/ops", "group/ops/bob",
      ])
  }

  @Test("streams that the filter leaves out have no rows")
  func filtered() throws {
    var course = Course()
    course.table = GroupTable(filter: try EventFilter(types: ["read"], streams: ["group/ops*"]))
    #expect(try course.take(.groupCreated(GroupSettings(title: "Dev"))).isEmpty)
    let ops = try course.take(
      .groupCreated(GroupSettings(title: "Ops")), in: GroupID(checked: "ops"))
    #expect(ops.count == 2)
  }

  @Test(
    "a table restored at any point goes on as the one that was never stopped", arguments: 0..<20)
  func restored(seed: Int) throws {
    var random = SplitMix(state: UInt64(seed))
    var course = Course()
    for _ in 0..<300 {
      if random.next() % 10 == 0 {
        // As a mirror that starts anew, from a topic that compaction may have been at.
        var restored = GroupTable()
        let isCompacted = random.next() % 2 == 0
        for change in course.topic where change.value != nil || !isCompacted {
          try restored.restore(key: change.key, value: change.value)
        }
        #expect(keys(restored) == keys(course.table))
        course.table = restored
      }
      try take(&random, &course)
    }
    var whole = Course()
    random = SplitMix(state: UInt64(seed))
    for _ in 0..<300 {
      if random.next() % 10 == 0 { _ = random.next() }
      try take(&random, &whole)
    }
    #expect(course.topic == whole.topic)
  }

  private func keys(_ table: GroupTable) -> [[UInt8]] { table.rows.map(\.key) }

  /// An event that a group may have.
  private func take(_ random: inout SplitMix, _ course: inout Course) throws {
    let group = GroupID(checked: "g\(random.next() % 3)")
    let someone = user("u\(random.next() % 6)")
    let number = random.next()
    let roles = try course.roles(in: group).filter { $0.value != .null }
    let isMember = roles[someone.text] != nil
    let body: Event.Body =
      switch number % 9 {
      case 0 where roles.isEmpty: .groupCreated(GroupSettings(title: "t\(number % 100)"))
      case 1: .groupChanged(GroupSettings(title: "t\(number % 100)", membersListed: true))
      case 2 where isMember: .roleChanged(someone, Role.allCases[Int(number % 3)])
      case 3: .memberSilenced(someone, number % 2 == 0)
      case 4 where isMember: .memberLeft(someone)
      case 5 where number % 5 == 0: .groupDissolved
      case _ where !isMember && !roles.isEmpty: .memberJoined(someone)
      default: .noted
      }
    try course.take(body, by: someone.text, in: group)
  }

  @Test("an event that is in the rows already changes nothing")
  func again() throws {
    var course = Course()
    try course.take(.groupCreated(GroupSettings(title: "Dev")))
    try course.take(.memberJoined(user("bob")))
    var restored = GroupTable()
    for change in course.topic { try restored.restore(key: change.key, value: change.value) }
    course.table = restored
    course.next = 1
    #expect(try course.take(.memberJoined(user("bob"))).isEmpty)
    #expect(try course.take(.memberJoined(user("carol"))).count == 1)
  }

  @Test(
    "a row that this version doesn't know is refused",
    arguments: [
      ("group/dev", #"{"v":2,"offset":1}"#), ("group/dev", "{}"), ("group/dev", ""),
      ("user/bob", "{}"), ("group/a/b/c", "{}"),
      ("group/dev/bob", #"{"v":1,"role":"king","silenced":false,"joined_at_ms":1,"offset":1}"#),
    ])
  func unknown(key: String, value: String) {
    var table = GroupTable()
    let error = #expect(throws: DaybookError.self) {
      try table.restore(key: Array(key.utf8), value: Array(value.utf8))
    }
    #expect(error?.code == .formatVersion)
  }
}
