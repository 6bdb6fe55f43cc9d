import ArgumentParser
import DaybookModel
import NIOCore
import SegmentLog

/// Runs the server until it is told to stop.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run Daybook on a data folder, until SIGINT or SIGTERM.",
    discussion: """
      Prints 'listening on HOST:PORT' on standard output once clients can connect. What an \
      operator should know goes to standard error.
      """)

  @OptionGroup var data: DataOption

  @Option(help: "Where to listen for clients, HOST:PORT; port 0 chooses a free one.")
  var tcp = "127.0.0.1:7000"

  @Option(help: "Threads for connections and partitions; as many as cores if not given.")
  var loops: Int?

  func validate() throws {
    if let loops, !(1...256).contains(loops) { throw ValidationError("--loops is 1 to 256") }
  }

  func run() async throws {
    let address = try ServerAddress(parsing: tcp)
    let folder = try data.open()
    let lock = try await Serve.lock(folder)
    try await ListenProbe.check(address)
    let server = try await Server(
      folder: folder, lock: lock, loops: loops ?? System.coreCount,
      report: { printToStandardError("daybook: \($0)") })
    let stop = StopSignal()
    do {
      let bound = try await server.start(host: address.host, port: address.port)
      let listening = ServerAddress(
        host: bound.ipAddress ?? address.host, port: bound.port ?? address.port)
      try printToStandardOutput("listening on \(listening)")
    } catch {
      await server.stop()
      throw error
    }
    await stop.wait()
    await server.stop()
  }

  /// A query on a stopped server holds the folder for a moment: a server that is started just then
  /// waits for it.
  private static func lock(_ folder: DataFolder) async throws -> FolderLock {
    for _ in 0..<20 {
      let attempt = Result { () throws(DaybookError) in try folder.lock() }
      guard case .failure(let error) = attempt, error.code == .dataFolderInUse else {
        return try attempt.get()
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    return try folder.lock()
  }
}
