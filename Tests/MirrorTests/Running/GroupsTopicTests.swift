import DaybookModel
import DaybookSchema
import Doubles
import Mirror
import Testing

@Suite(
  "The topic of groups", .enabled(if: KafkaBroker.isAvailable), .timeLimit(.minutes(10)))
struct GroupsTopicTests {
  private func event(_ group: Int, _ user: Int, _ body: Event.Body) -> Event {
    Event(
      stream: .group(GroupID(checked: "g\(group)")),
      recordedAt: Timestamp(milliseconds: 1_700_000_000_000),
      actor: Actor(user: UserID(checked: "user-\(user)")), body: body)
  }

  private func member(_ number: Int) -> UserID { UserID(checked: "user-\(number)") }

  /// What a table says that has seen all of the log.
  private func expected(_ world: MirrorWorld) throws -> [String: [UInt8]] {
    var rows: [String: [UInt8]] = [:]
    for index in 0..<world.log.partitionCount {
      var table = GroupTable()
      for batch in world.log.batches(PartitionID(index)) {
        try batch.forEachEvent { at, event throws(DaybookError) in
          try table.fold(event, at: batch.offset(of: at)) { change in
            rows[String(decoding: change.key, as: UTF8.self)] = change.value
          }
        }
      }
    }
    return rows
  }

  @Test("it has what holds after each start, whatever was there before", arguments: [1, 2])
  func rows(producers: Int) async throws {
    let world = try MirrorWorld()
    let settings = try world.settings { settings in
      settings.groupsTopic = "\(settings.topic)-groups"
      settings.producers = producers
    }
    try await world.plan(settings)
    for round in 0..<3 {
      for group in 0..<6 {
        if round == 0 {
          world.log.append([event(group, 0, .groupCreated(GroupSettings(title: "group \(group)")))])
        }
        world.log.append(
          (1...5).map { event(group, round * 5 + $0, .memberJoined(member(round * 5 + $0))) })
        if round > 0 {
          world.log.append([event(group, 1, .memberLeft(member(round * 5 - group % 5)))])
        }
      }
      world.log.append([event(round, 0, .groupDissolved)])
      try world.add(40)
      try await world.catchUp(settings)
      #expect(try await world.groups(settings) == expected(world))
    }
    #expect(try await world.difference(settings) == nil)
    #expect(try await world.positions(settings).0?.groups == settings.groupsTopic)
  }

  @Test("groups can't be left out, nor begun, once a topic was begun")
  func begun() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings { $0.groupsTopic = "\($0.topic)-groups" }
    try await world.plan(settings)
    try world.add(10)
    try await world.catchUp(settings)
    var without = settings
    without.groupsTopic = nil
    #expect(await world.mirror(without, untilHead: true).ended()?.code == .mirrorOfAnother)
  }
}
