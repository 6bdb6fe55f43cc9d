import DaybookModel
import Doubles
import Foundation
import Metrics
import MetricsTestKit
import Testing

@testable import Server

/// The table of `schemas/metrics.md`.
struct MetricsTable {
  struct Row: Hashable {
    var name: String
    var kind: String
    var unit: String
    var labels: Set<String>
  }

  var rows: [Row]

  init(markdown: String) {
    rows = markdown.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard cells.count >= 5, cells[0].hasPrefix("`daybook_") else { return nil }
      let labels = cells[3].split { !($0.isLetter || $0 == "_") }.map(String.init)
      return Row(
        name: cells[0].trimmingCharacters(in: ["`"]), kind: cells[1], unit: cells[2],
        labels: Set(labels))
    }
  }

  static func ofRepository() throws -> MetricsTable {
    let root = URL(filePath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return MetricsTable(
      markdown: try String(
        contentsOf: root.appending(path: "schemas/metrics.md"), encoding: .utf8))
  }
}

@Suite("metrics", .timeLimit(.minutes(30)))
struct MetricsTests {
  private struct Made: Hashable {
    var name: String
    var kind: String
    var labels: [[String]]
  }

  private static func made(_ metrics: TestMetrics) -> Set<Made> {
    func made(_ kind: String, _ name: String, _ labels: [(String, String)]) -> Made {
      Made(name: name, kind: kind, labels: labels.map { [$0.0, $0.1] })
    }
    var all: Set<Made> = []
    for metric in metrics.counters { all.insert(made("counter", metric.label, metric.dimensions)) }
    for metric in metrics.meters { all.insert(made("gauge", metric.label, metric.dimensions)) }
    for metric in metrics.timers { all.insert(made("timer", metric.label, metric.dimensions)) }
    for metric in metrics.recorders {
      let kind = metric.aggregate ? "histogram" : "gauge"
      all.insert(made(kind, metric.label, metric.dimensions))
    }
    return all
  }

  private static func running(
    _ body: (SweptServer) async throws -> Void
  ) async throws -> TestMetrics {
    let swept = try await SweptFolder.shared.value
    let place = try Scratch()
    let folder = place.url.appending(path: "data")
    try swept.image.lay(down: folder)
    let metrics = TestMetrics()
    let certificates = try TLSFixtures.copy()
    defer { try? FileManager.default.removeItem(at: certificates) }
    let server = try await SweptServer(
      at: folder.path, metrics: metrics, isMirrored: true,
      tls: TLSFiles(
        certificate: certificates.appending(path: "server.pem").path,
        key: certificates.appending(path: "server.key").path))
    do {
      try await body(server)
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
    return metrics
  }

  @Test("metrics.md has a row for each metric that a server makes, of its kind, and no other")
  func table() async throws {
    let table = try MetricsTable.ofRepository()
    let made = Self.made(try await Self.running { _ in })
    let rows = Set(table.rows.map { Made(name: $0.name, kind: $0.kind, labels: []) })
    let found = Set(made.map { Made(name: $0.name, kind: $0.kind, labels: []) })
    #expect(rows.count == table.rows.count && rows.count > 15)
    for missing in found.subtracting(rows) { Issue.record("no row is \(missing)") }
    for gone in rows.subtracting(found) { Issue.record("nothing is counted as \(gone)") }
    for metric in made {
      let row = try #require(table.rows.first { $0.name == metric.name })
      #expect(Set(metric.labels.map { $0[0] }) == row.labels, "\(metric.name)")
    }
  }

  @Test("names say the unit as Prometheus has it, and labels have few values")
  func conventions() async throws {
    for row in try MetricsTable.ofRepository().rows {
      switch row.kind {
      case "counter": #expect(row.name.hasSuffix("_\(row.unit)_total"), "\(row.name)")
      case "timer": #expect(row.name.hasSuffix("_seconds") && row.unit == "seconds")
      default: #expect(row.name.hasSuffix("_\(row.unit)"), "\(row.name)")
      }
    }
    let codes = Set(ErrorCode.all.map(\.name))
    for metric in Self.made(try await Self.running { _ in }) {
      for label in metric.labels {
        switch label[0] {
        case "partition": #expect(Int(label[1]).map { $0 < SweptFolder.partitionCount } == true)
        case "loop": #expect(Int(label[1]) != nil)
        case "code": #expect(codes.contains(label[1]))
        case "topic": #expect(label[1] == SweptServer.mirroredTopic)
        case "kind", "projection": #expect(label[1].allSatisfy { $0.isLetter || $0 == "_" })
        default: Issue.record("\(metric.name) has the label \(label[0])")
        }
      }
    }
  }

  @Test("a message is counted wherever it passes, and a connection that has ended no longer")
  func counted() async throws {
    let metrics = try await Self.running { server in
      _ = try await server.say("counted", in: 0)
    }
    for name in [
      "daybook_log_appended_events_total", "daybook_log_appended_bytes_total",
      "daybook_partition_accepted_commands_total", "daybook_partition_batches_total",
      "daybook_log_read_bytes_total", "daybook_projection_folded_events_total",
      "daybook_gateway_received_frames_total", "daybook_gateway_received_bytes_total",
      "daybook_gateway_sent_frames_total", "daybook_gateway_sent_bytes_total",
    ] {
      #expect(metrics.counterTotal(label: name) > 0, "\(name)")
    }
    let syncs = metrics.timers(label: "daybook_log_sync_duration_seconds")
    #expect(syncs.contains { !$0.values.isEmpty })
    for name in ["daybook_gateway_connections", "daybook_gateway_sessions"] {
      let values = try metrics.expectMeter(name).values
      #expect(values.contains(1) && values.last == 0, "\(name): \(values)")
    }
  }

  @Test("rows are read for what they say")
  func parsing() {
    let page = """
      | name | kind | unit | labels | what |
      |---|---|---|---|---|
      | `daybook_a_events_total` | counter | events | `partition`, `code` | a |
      | `daybook_b_bytes` | gauge | bytes | – | b |
      """
    #expect(
      MetricsTable(markdown: page).rows == [
        .init(
          name: "daybook_a_events_total", kind: "counter", unit: "events",
          labels: ["partition", "code"]),
        .init(name: "daybook_b_bytes", kind: "gauge", unit: "bytes", labels: []),
      ])
  }
}
