import Glibc
package import Metrics
import NIOConcurrencyHelpers

/// What the system knows of the process (proc(5)), under the names that Prometheus' own client libraries
/// give it, so that ready-made dashboards find it.
package struct ProcessMetrics: Sendable {
  private let processorSeconds: FloatingPointCounter
  /// Of these, what was counted already.
  private let counted = NIOLockedValueBox(0.0)
  private let residentBytes: Meter
  private let openFiles: Meter
  private let openFilesMax: Meter
  private let startSeconds: Meter

  package init(_ factory: any MetricsFactory) {
    processorSeconds = FloatingPointCounter(
      label: "process_cpu_seconds_total", factory: factory)
    residentBytes = Meter(label: "process_resident_memory_bytes", factory: factory)
    openFiles = Meter(label: "process_open_fds", factory: factory)
    openFilesMax = Meter(label: "process_max_fds", factory: factory)
    startSeconds = Meter(label: "process_start_time_seconds", factory: factory)
  }

  package func update() {
    var usage = rusage()
    if getrusage(RUSAGE_SELF.rawValue, &usage) == 0 {
      let seconds =
        ProcessMetrics.seconds(usage.ru_utime) + ProcessMetrics.seconds(usage.ru_stime)
      counted.withLockedValue { counted in
        processorSeconds.increment(by: seconds - counted)
        counted = seconds
      }
    }
    if let pages = ProcessMetrics.text("/proc/self/statm").split(separator: " ").dropFirst().first,
      let count = Int(pages)
    {
      residentBytes.set(count * Int(getpagesize()))
    }
    if let count = ProcessMetrics.openFileCount() { openFiles.set(count) }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      openFilesMax.set(limit.rlim_cur)
    }
    if let seconds = ProcessMetrics.startedAt() { startSeconds.set(seconds) }
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1e6
  }

  /// What is read to count it is one of them.
  private static func openFileCount() -> Int? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count - 3
  }

  /// Since 1970: the machine's start and, in ticks behind it, the process's.
  private static func startedAt() -> Double? {
    let fields = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
    let boot = text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
    guard let booted = boot.flatMap({ Double($0.dropFirst(6)) }) else { return nil }
    return booted + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Empty for what can't be read.
  private static func text(_ path: String) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = read(file, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
  }
}
