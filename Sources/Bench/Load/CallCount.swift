import Foundation

/// Counts the system calls of a process with `perf stat`, which costs it a tenth of a microsecond a call.
/// Where there is no perf, or it may not, they are not known: what else counts them (strace) stops the
/// process at each, and would measure itself.
///
/// `@unchecked Sendable`: used by one task at a time.
final class CallCount: @unchecked Sendable {
  struct Counted: Sendable {
    fileprivate var calls: Double
    fileprivate var syncs: Double
    fileprivate var seconds: Double

    /// Of a load of so many seconds, of which it may have seen the greater part only.
    func calls(in span: Double) -> Double { calls * max(1, span / seconds) }
    func syncs(in span: Double) -> Double { syncs * max(1, span / seconds) }
  }

  private static let calls = "raw_syscalls:sys_enter"
  private static let syncs = ["fdatasync", "fsync", "sync_file_range"]
  private static let duration = "duration_time"

  private let process = Process()
  /// It counts for as long as this is open: what it runs meanwhile reads it to its end. A signal would
  /// not do, for who starts a process from a thread that blocks signals has it block them too.
  private let input = Pipe()
  private let errors = Pipe()

  /// Nil where it can't be counted.
  init?(_ server: Int32) {
    guard let path = CallCount.perf else { return nil }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = CallCount.arguments + ["-p", "\(server)", "--", "cat"]
    process.standardInput = input
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
  }

  /// Ends the counting.
  func stop() -> Counted? {
    try? input.fileHandleForWriting.close()
    let output = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return CallCount.counted(in: String(decoding: output, as: UTF8.self))
  }

  private static var arguments: [String] {
    let events = [calls, duration] + syncs.map { "syscalls:sys_enter_\($0)" }
    return ["stat", "-x", ",", "-e", events.joined(separator: ",")]
  }

  /// Where it is, if it may count; tried once.
  private static let perf: String? = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    guard
      let path = folders.map({ "\($0)/perf" }).first(where: {
        FileManager.default.isExecutableFile(atPath: $0)
      })
    else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments + ["true"]
    let errors = Pipe()
    process.standardError = errors
    guard (try? process.run()) != nil else { return nil }
    let output = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return counted(in: String(decoding: output, as: UTF8.self)) == nil ? nil : path
  }()

  /// Lines of `value,unit,event,…`; a value that is no number was not counted.
  private static func counted(in text: String) -> Counted? {
    var values: [String: Double] = [:]
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      if fields.count > 2, let value = Double(fields[0]) { values[String(fields[2])] = value }
    }
    guard let calls = values[CallCount.calls], let nanoseconds = values[duration], nanoseconds > 0
    else { return nil }
    let syncs = syncs.compactMap { values["syscalls:sys_enter_\($0)"] }.reduce(0, +)
    return Counted(calls: calls, syncs: syncs, seconds: nanoseconds / 1e9)
  }
}
