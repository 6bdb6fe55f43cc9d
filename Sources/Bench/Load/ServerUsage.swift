import Foundation
import Glibc

/// What the system says that a process has used until now (proc(5)). Nil is what it does not say, or not
/// to this user.
struct ServerUsage: Sendable {
  /// Of all its threads, in user space and in the kernel.
  var processorSeconds: Double
  /// Calls that read or wrote, files and sockets alike.
  var reads: Int?
  var writes: Int?
  /// How often any of its threads has waited, and was woken since.
  var waits: Int?
  var residentBytes: Int

  /// Nil once it has ended.
  init?(of process: Int32) {
    let folder = "/proc/\(process)"
    // Behind the name, which may have spaces: state, parent …, of which the 12th and 13th are times.
    guard let stat = ServerUsage.text("\(folder)/stat"), let name = stat.lastIndex(of: ")") else {
      return nil
    }
    let fields = stat[stat.index(after: name)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]),
      let resident = ServerUsage.field("VmRSS", of: "\(folder)/status")
    else { return nil }
    processorSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    residentBytes = resident << 10
    reads = ServerUsage.field("syscr", of: "\(folder)/io")
    writes = ServerUsage.field("syscw", of: "\(folder)/io")
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/task")) ?? []
    let counts = threads.compactMap {
      ServerUsage.field("voluntary_ctxt_switches", of: "\(folder)/task/\($0)/status")
    }
    waits = counts.isEmpty ? nil : counts.reduce(0, +)
  }

  private static func text(_ path: String) -> String? {
    try? String(contentsOfFile: path, encoding: .utf8)
  }

  /// The number behind `name:`.
  private static func field(_ name: String, of path: String) -> Int? {
    let line = text(path)?.split(separator: "\n").first { $0.hasPrefix("\(name):") }
    return line?.split { " \t".contains($0) }.dropFirst().first.flatMap { Int($0) }
  }
}

/// What a server has used for so many messages within a time.
struct ServerCost: Sendable {
  var before: ServerUsage
  var after: ServerUsage
  var calls: CallCount.Counted?
  var messages: Int
  var seconds: Double

  /// `server_…_per_message`, and what holds of the process: fields of a result line.
  var fields: [BenchField] {
    let processor = after.processorSeconds - before.processorSeconds
    return [
      ("server_cpu_percent", .integer(Int((processor / seconds * 100).rounded()))),
      ("server_cpu_us_per_message", each(processor * 1e6)),
      ("syscalls_per_message", each(calls.map { $0.calls(in: seconds) })),
      ("syncs_per_message", each(calls.map { $0.syncs(in: seconds) })),
      ("reads_per_message", each(growth(\.reads))),
      ("writes_per_message", each(growth(\.writes))),
      ("wakeups_per_message", each(growth(\.waits))),
      ("rss_mb", .ratio(Double(after.residentBytes) / 1e6)),
    ]
  }

  private func growth(_ count: KeyPath<ServerUsage, Int?>) -> Double? {
    guard let before = before[keyPath: count], let after = after[keyPath: count] else { return nil }
    return Double(after - before)
  }

  private func each(_ total: Double?) -> BenchValue {
    total.map { .ratio($0 / Double(max(1, messages))) } ?? .unknown
  }
}
