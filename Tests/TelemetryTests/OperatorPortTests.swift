import DaybookModel
import Foundation
import FoundationNetworking
import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import Telemetry

@Suite("the operators' port") struct OperatorPortTests {
  private struct Answer {
    var status: Int
    var text: String
    var type: String
  }

  private func running(
    _ health: Health, fault: @escaping @Sendable () async -> String? = { nil },
    _ body: (_ ask: (String) async throws -> Answer) async throws -> Void
  ) async throws {
    let registry = MetricRegistry()
    Counter(label: "seen_total", factory: registry).increment()
    let port = OperatorPort(
      metrics: registry, health: health, logger: Logger(label: "test"), fault: fault)
    let address = try await port.start(host: "127.0.0.1", port: 0)
    let outcome = await Result {
      try await body { path in
        let url = try #require(URL(string: "http://127.0.0.1:\(address.port ?? 0)\(path)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        let http = try #require(response as? HTTPURLResponse)
        return Answer(
          status: http.statusCode, text: String(decoding: data, as: UTF8.self),
          type: http.value(forHTTPHeaderField: "Content-Type") ?? "")
      }
    }
    await port.stop()
    try outcome.get()
  }

  @Test("metrics are told in Prometheus' text format")
  func metrics() async throws {
    try await running(Health()) { ask in
      let answer = try await ask("/metrics")
      #expect(answer.status == 200)
      #expect(answer.type == "text/plain; version=0.0.4; charset=utf-8")
      #expect(answer.text.contains("\nseen_total 1\n"))
    }
  }

  @Test("a server is ready while it serves, and neither before nor after")
  func ready() async throws {
    let health = Health()
    try await running(health) { ask in
      #expect(try await ask("/readyz").status == 503)
      health.enter(.serving)
      #expect(try await ask("/readyz").status == 200)
      health.enter(.draining)
      let answer = try await ask("/readyz")
      #expect(answer.status == 503 && answer.text == "draining\n")
    }
  }

  @Test("it is well until something is wrong, and then says what")
  func healthy() async throws {
    let fault = NIOLockedValueBox<String?>(nil)
    try await running(Health(), fault: { fault.withLockedValue { $0 } }) { ask in
      #expect(try await ask("/healthz").status == 200)
      fault.withLockedValue { $0 = "a loop stands still" }
      let answer = try await ask("/healthz")
      #expect(answer.status == 503 && answer.text == "a loop stands still\n")
    }
  }

  @Test("what is not there is not there, and a taken address is said")
  func others() async throws {
    try await running(Health()) { ask in
      let (missing, root) = (try await ask("/secret"), try await ask("/"))
      #expect(missing.status == 404 && root.status == 200)
    }
    let registry = MetricRegistry()
    let first = OperatorPort(
      metrics: registry, health: Health(), logger: Logger(label: "test"), fault: { nil })
    let address = try await first.start(host: "127.0.0.1", port: 0)
    let second = OperatorPort(
      metrics: registry, health: Health(), logger: Logger(label: "test"), fault: { nil })
    let taken = address.port ?? 0
    let error = await #expect(throws: DaybookError.self) {
      try await second.start(host: "127.0.0.1", port: taken)
    }
    #expect(error?.code == .unreachable)
    await second.stop()
    await first.stop()
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
