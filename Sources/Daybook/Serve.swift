import ArgumentParser
import DaybookModel
import NIOCore

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
    let lock = try folder.lock()
    let server = try await Server(
      folder: folder, lock: lock, loops: loops ?? System.coreCount,
      report: { printToStandardError("daybook: \($0)") })
    let stop = StopSignal()
    do {
      let bound = try await server.start(host: address.host, port: address.port)
      var output = StandardOutput()
      try output.line(
        "listening on \(bound.ipAddress ?? address.host):\(bound.port ?? address.port)")
      try output.flush()
    } catch {
      await server.stop()
      throw error
    }
    await stop.wait()
    await server.stop()
  }
}
