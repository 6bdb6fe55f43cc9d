import DaybookModel
import DaybookSchema
import Foundation
package import Logging
import Ports
import Server

/// What a message costs in a group of very many members, of whom few are online, beside one of these few alone.
package struct OnlineGroupBench: Sendable {
  private let partitions: Int
  private let messageBytes: Int
  /// Of the large group, those who are online included.
  private let members: Int
  /// In both groups, and connected.
  private let online: Int
  /// Times that each group is written to.
  private let rounds: Int
  /// Joins on their way at one time.
  private let inFlight: Int
  private let logger: Logger

  /// Of one group in its turn, one after the other: long enough for the system's clock of processor time, which
  /// counts in hundredths of a second.
  private static let messagesInTurn = 20
  private static let small = StreamKey.group(GroupID(checked: "small"))
  private static let large = StreamKey.group(GroupID(checked: "large"))
  private static let connectsAtOnce = 50

  /// What one of the two groups has cost.
  private struct Cost {
    var processorSeconds = 0.0
    var lastDeliveries: [UInt64] = []

    var microseconds: Double { processorSeconds * 1e6 / Double(lastDeliveries.count) }
    var lastMedian: Double {
      Double(lastDeliveries.sorted()[lastDeliveries.count / 2]) / 1_000
    }
  }

  package init(
    partitions: Int, messageBytes: Int, members: Int, online: Int, rounds: Int, inFlight: Int,
    logger: Logger
  ) {
    self.partitions = partitions
    self.messageBytes = messageBytes
    self.members = members
    self.online = online
    self.rounds = rounds
    self.inFlight = inFlight
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    OpenFiles.raiseLimit()
    let data = try DataFolder.make(at: "\(folder)/data", partitions: partitions)
    try await makeGroups(data)
    let plans = try await plans(data)
    let server = try ServerProcess(data: data.path)
    defer { server.stop() }
    let (small, large) = try await LoadRun.with(plans, of: server) { run in
      try await run.connect(atOnce: OnlineGroupBench.connectsAtOnce)
      // Read models take in the joins first, which would count as the messages'.
      try await waitForReadModels(data)
      return try await measure(run, server)
    }
    return BenchResult(fields: [
      ("bench", .text("group")), ("members", .integer(members)), ("online", .integer(online)),
      ("messages", .integer(rounds * OnlineGroupBench.messagesInTurn)),
      ("small_cpu_us", .ratio(small.microseconds)), ("large_cpu_us", .ratio(large.microseconds)),
      ("cpu_ratio", .ratio(large.microseconds / small.microseconds)),
      ("small_last_us", .ratio(small.lastMedian)), ("large_last_us", .ratio(large.lastMedian)),
      ("last_ratio", .ratio(large.lastMedian / small.lastMedian)),
      ("rss_mb", .ratio(Double(try server.usage().residentBytes) / 1e6)),
    ])
  }

  /// In turns, each going before the other as often: what one leaves behind for later falls to both alike.
  private func measure(
    _ run: LoadRun, _ server: ServerProcess
  ) async throws -> (small: Cost, large: Cost) {
    var costs = [Cost(), Cost()]
    // The first turn of each warms up.
    for round in 0...rounds {
      for place in round.isMultiple(of: 2) ? [0, 1] : [1, 0] {
        let before = try server.usage().processorSeconds
        for message in 0..<OnlineGroupBench.messagesInTurn {
          let sender = (round * OnlineGroupBench.messagesInTurn + message) % online
          let time = try await run.deliver(from: sender, toTarget: place)
          if round > 0 { costs[place].lastDeliveries.append(time) }
        }
        if round > 0 {
          costs[place].processorSeconds += try server.usage().processorSeconds - before
        }
      }
      if round > 0, round.isMultiple(of: 5) {
        logger.info("round \(round) of \(rounds)")
      }
    }
    return (costs[0], costs[1])
  }

  private func user(_ index: Int) -> UserID { UserID(checked: "user-\(index)") }

  /// Before the server has the folder.
  private func makeGroups(_ data: DataFolder) async throws {
    let begin = DispatchTime.now().uptimeNanoseconds
    try await GroupMaking.run(data, joins: online + members, logger: logger) { make in
      for index in 0..<online {
        try await make.member(user(index), of: OnlineGroupBench.small, creates: index == 0)
      }
      try await make.member(user(0), of: OnlineGroupBench.large, creates: true)
      let tenth = max(1, (members + 9) / 10)
      for first in stride(from: 1, to: members, by: tenth) {
        let last = min(first + tenth, members)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for lane in 0..<inFlight {
            group.addTask { [self] in
              for index in stride(from: first + lane, to: last, by: inFlight) {
                try await make.member(user(index), of: OnlineGroupBench.large, creates: false)
              }
            }
          }
          try await group.waitForAll()
        }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
        let left = seconds / Double(last) * Double(members - last)
        logger.info(
          "\(last) of \(members) have joined, \(Int(Double(last) / seconds)) a second; \(Int(left)) s left"
        )
      }
    }
  }

  private func plans(_ data: DataFolder) async throws -> [LoadClient.Plan] {
    let tokens = try await data.tokens()
    var plans: [LoadClient.Plan] = []
    for index in 0..<online {
      let user = user(index)
      let token = try await tokens.issue(
        .device(user, DeviceID(checked: "bench")),
        expiresInSeconds: DataFolder.tokenSeconds.standard)
      plans.append(
        LoadClient.Plan(
          user: user, origin: user.text, token: token,
          targets: [OnlineGroupBench.small, OnlineGroupBench.large], window: 1,
          messageBytes: messageBytes))
    }
    return plans
  }

  private func waitForReadModels(_ folder: DataFolder) async throws {
    let data = try OpenData(folder, catchesUp: false, logger: logger)
    defer { data.close() }
    // For a million joins it takes longer than a question would wait.
    while true {
      do throws(DaybookError) {
        return try await data.queries.waitForHead()
      } catch {
        guard error.code == .projectionBehind else { throw error }
      }
    }
  }
}
