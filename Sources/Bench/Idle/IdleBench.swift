import DaybookModel
import Foundation
import Ports
import Server

/// Devices that log in and then are silent: logins a second, of devices that were never there and of those
/// that were, and what a connection takes of the server's memory.
package struct IdleBench: Sendable {
  private let partitions: Int
  private let connections: Int
  /// Logins on their way at one time.
  private let inFlight: Int
  /// For how long they stay, before memory is looked at again.
  private let seconds: Int
  /// Connections that come and go, as many at a time as stay, before those that are looked at last.
  private let churn: Int
  private let isTLS: Bool
  private let isWebSocket: Bool

  package init(
    partitions: Int, connections: Int, inFlight: Int, seconds: Int, churn: Int, isTLS: Bool,
    isWebSocket: Bool
  ) {
    self.partitions = partitions
    self.connections = connections
    self.inFlight = inFlight
    self.seconds = seconds
    self.churn = churn
    self.isTLS = isTLS
    self.isWebSocket = isWebSocket
  }

  private struct Round: Sendable {
    var loginsPerSecond: Double
    var cpuMicroseconds: Double
    /// When all had connected, and when they had been silent for a while.
    var resident: Int
    var settled: Int
  }

  package func measure(folder: String) async throws -> BenchResult {
    OpenFiles.raiseLimit()
    let data = try DataFolder.make(at: "\(folder)/data", partitions: partitions)
    let plans = try await plans(data)
    let server = try ServerProcess(
      data: data.path, tls: isTLS ? try BenchTLS(in: folder) : nil, isWebSocket: isWebSocket)
    defer { server.stop() }
    let before = try server.usage().residentBytes
    let new = try await round(plans, server)
    let known = try await round(plans, server)
    func each(_ bytes: Int) -> BenchValue {
      .ratio(Double(bytes - before) / 1024 / Double(connections))
    }
    var result = BenchResult(fields: [
      ("bench", .text("idle")), ("connections", .integer(connections)),
      ("in_flight", .integer(inFlight)), ("tls", .integer(isTLS ? 1 : 0)),
      ("web_socket", .integer(isWebSocket ? 1 : 0)),
      ("churn", .integer(churn)),
      ("logins_per_s", .integer(Int(new.loginsPerSecond))),
      ("known_logins_per_s", .integer(Int(known.loginsPerSecond))),
      ("server_cpu_us_per_login", .ratio(new.cpuMicroseconds)),
      ("server_cpu_us_per_known_login", .ratio(known.cpuMicroseconds)),
      ("rss_kb_per_connection", each(new.resident)),
      ("settled_rss_kb_per_connection", each(new.settled)),
    ])
    guard churn > 0 else { return result }
    try await comeAndGo(plans, server)
    let churned = try await round(plans, server)
    result.fields.append(("churned_rss_kb_per_connection", each(churned.settled)))
    return result
  }

  private func comeAndGo(_ plans: [LoadClient.Plan], _ server: ServerProcess) async throws {
    var left = churn
    while left > 0 {
      let some = Array(plans.prefix(left))
      try await LoadRun.with(some, of: server) { try await $0.connect(atOnce: inFlight) }
      left -= some.count
    }
  }

  private func plans(_ data: DataFolder) async throws -> [LoadClient.Plan] {
    let tokens = try await data.tokens()
    var plans: [LoadClient.Plan] = []
    for index in 0..<connections {
      let user = UserID(checked: "user-\(index)")
      let token = try await tokens.issue(
        .device(user, DeviceID(checked: "bench")),
        expiresInSeconds: DataFolder.tokenSeconds.standard)
      plans.append(
        LoadClient.Plan(
          user: user, origin: user.text, token: token, targets: [], window: 1, messageBytes: 0))
    }
    return plans
  }

  private func round(_ plans: [LoadClient.Plan], _ server: ServerProcess) async throws -> Round {
    try await LoadRun.with(plans, of: server) { run in
      let before = try server.usage()
      let start = ContinuousClock.now
      try await run.connect(atOnce: inFlight)
      let took = ContinuousClock.now - start
      let after = try server.usage()
      try await run.stay(for: seconds)
      let processor = after.processorSeconds - before.processorSeconds
      return Round(
        loginsPerSecond: Double(connections) / (took / .seconds(1)),
        cpuMicroseconds: processor * 1e6 / Double(connections),
        resident: after.residentBytes, settled: try server.usage().residentBytes)
    }
  }
}
