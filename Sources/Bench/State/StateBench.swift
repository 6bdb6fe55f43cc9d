import DaybookModel
import Foundation

/// What a partition's state costs: memory of users and of those who left a group, the time until a start
/// acks, and how long its loop pauses while a snapshot is made.
///
/// Each stage is a process of its own, so that its memory is that of a start and not what earlier work
/// has left behind.
package struct StateBench: Sendable {
  private let sizes: StateSizes

  package init(_ sizes: StateSizes) { self.sizes = sizes }

  package func measure(folder: String) async throws -> BenchResult {
    var fields: [(name: String, value: BenchValue)] = [
      ("bench", .text("state")), ("users", .integer(sizes.users)),
    ]
    for stage in StateStage.allCases where sizes.members > 0 || !stage.needsMembers {
      fields += try run(stage, folder)
    }
    var result = BenchResult(fields: fields)
    result.fields.append(
      ("user_bytes", .ratio(result["users_rss_bytes"] / Double(sizes.users))))
    if sizes.members > 0 {
      result.fields += [
        ("members_joined_and_left", .integer(sizes.members)),
        (
          "member_bytes",
          .ratio(
            (result["present_rss_bytes"] - result["users_rss_bytes"]) / Double(sizes.members))
        ),
        (
          "former_members_bytes",
          .integer(Int(result["members_rss_bytes"] - result["users_rss_bytes"]))
        ),
      ]
    }
    return result
  }

  private func run(
    _ stage: StateStage, _ folder: String
  ) throws -> [(name: String, value: BenchValue)] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments =
      ["bench", "state", "--stage", stage.rawValue, "--folder", folder] + sizes.arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let child = process.processIdentifier
    Interruption.shared.keep("stage \(child)") {
      // Its data is about to go, and it must not write meanwhile.
      kill(child, SIGKILL)
      for _ in 0..<200 where kill(child, 0) == 0 { usleep(10_000) }
    }
    let text = String(
      decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    Interruption.shared.drop("stage \(child)")
    guard process.terminationStatus == 0 else {
      throw DaybookError(.storageFailed, "stage \(stage.rawValue) of the bench has failed")
    }
    return text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 2, let value = Int(words[1]) else { return nil }
      return (String(words[0]), .integer(value))
    }
  }
}

/// How much of everything.
package struct StateSizes: Sendable {
  package let users: Int
  /// Who join a group and leave it again.
  package let members: Int
  /// Messages a second while snapshots are made.
  package let rate: Int
  package let seconds: Int
  package let inFlight: Int

  package init(users: Int, members: Int, rate: Int, seconds: Int, inFlight: Int) {
    self.users = users
    self.members = members
    self.rate = rate
    self.seconds = seconds
    self.inFlight = inFlight
  }

  fileprivate var arguments: [String] {
    [
      "--users", "\(users)", "--members", "\(members)", "--rate", "\(rate)",
      "--seconds", "\(seconds)", "--in-flight", "\(inFlight)",
    ]
  }
}
