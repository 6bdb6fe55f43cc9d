import Doubles
import Foundation
import Testing

@Suite(
  "rows of groups in Kafka", .enabled(if: KafkaBroker.isAvailable && Installed.kcat),
  .timeLimit(.minutes(30)))
struct GroupRowsTests {
  /// What a compacted topic comes to: the last value of each key, and the partition that it lies in.
  private func rows(
    _ mirrored: MirroredFolder
  ) async throws -> [String: (partition: String, value: [String: Any])] {
    let read = try await Installed.run(
      "kcat -C -q -e -b \"$1\" -t \"$2\" -o beginning -X isolation.level=read_committed -f '%p %k %s\\n'",
      [mirrored.broker.address, "\(mirrored.topic).groups"])
    var rows: [String: (String, [String: Any])] = [:]
    for line in read.lines {
      let cells = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
      let key = String(cells[1])
      guard !cells[2].isEmpty else {
        rows[key] = nil
        continue
      }
      let value = try JSONSerialization.jsonObject(with: Data(cells[2].utf8)) as? [String: Any]
      rows[key] = (String(cells[0]), try #require(value))
    }
    return rows
  }

  @Test(
    "are what group show says, member by member, over starts of the mirror, and gone with the group"
  )
  func rows() async throws {
    let server = try await TestServer()
    try await server.start()
    let mirrored = try MirroredFolder(server)
    try await mirrored.plan()
    for step in [
      { _ = try await server.chat("alice", "/create team", "/title The Team", "/create ops") },
      { _ = try await server.chat("bob", "/join team", "/join ops", "/create bobs") },
      { _ = try await server.chat("carol", "/join team", "/join bobs") },
      { _ = try await server.chat("alice", "/group team", "/role bob admin", "/silence carol") },
      { _ = try await server.chat("alice", "/group team", "/policy approval", "/leave team") },
      { _ = try await server.chat("carol", "/group team", "/leave team") },
      { _ = try await server.chat("bob", "/group bobs", "/dissolve") },
    ] as [() async throws -> Void] {
      try await step()
      try await mirrored.catchUp()
    }
    let rows = try await rows(mirrored)
    var expected: Set<String> = []
    for group in ["team", "ops"] {
      expected.insert("group/\(group)")
      let shown = try await server.objects(["group", "show", group])
      let row = try #require(rows["group/\(group)"])
      for name in ["group", "title", "description", "join_policy"] {
        #expect(row.value[name] as? String == shown[0][name] as? String, "\(name)")
      }
      for name in ["history_shown", "silenced"] {
        #expect(row.value[name] as? Bool == shown[0][name] as? Bool, "\(name)")
      }
      for member in shown.dropFirst() {
        let user = try #require(member["user"] as? String)
        let isThere = member["role"] is String || member["silenced"] as? Bool == true
        guard isThere else { continue }
        expected.insert("group/\(group)/\(user)")
        let found = try #require(rows["group/\(group)/\(user)"], "\(group), \(user)")
        #expect(found.value["role"] as? String == member["role"] as? String)
        #expect(found.value["silenced"] as? Bool == member["silenced"] as? Bool)
        #expect(found.partition == row.partition)
      }
    }
    #expect(Set(rows.keys) == expected)
    #expect(expected.contains("group/team/carol") && expected.count == 6)
    await server.stop()
  }
}
