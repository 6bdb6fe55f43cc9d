import DaybookModel
import Foundation

/// Where a server listens, and what is spoken there.
struct ServerLine: Sendable {
  let host: String
  let port: Int
  /// Nil: in clear.
  let tls: BenchTLS?
  let isWebSocket: Bool
}

/// A `daybook serve` of its own process, on a port that it chooses.
final class ServerProcess {
  private let process = Process()
  var identifier: Int32 { process.processIdentifier }
  let line: ServerLine

  /// Returns once the server listens. Throws `unreachable` if it ends before. `options` are further ones
  /// of `daybook serve`. With `cores` it has only so many of the machine's.
  init(
    data: String, _ options: [String] = [], tls: BenchTLS? = nil,
    isWebSocket: Bool = false, cores: Int? = nil
  ) throws {
    let host = "127.0.0.1"
    let option =
      switch (tls == nil, isWebSocket) {
      case (true, false): "--tcp"
      case (false, false): "--tls"
      case (true, true): "--ws"
      case (false, true): "--wss"
      }
    let daybook = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    // taskset becomes what it starts.
    let pinned = cores.map { ["taskset", "--cpu-list", "0-\($0 - 1)", daybook.path] } ?? []
    process.executableURL = cores == nil ? daybook : URL(fileURLWithPath: "/usr/bin/env")
    // Who connects is the bench's own doing, and no news.
    process.arguments =
      pinned + [
        "serve", "--data", data, "--log-level", "warning", option, "\(host):0",
      ] + (option == "--tcp" ? [] : ["--tcp", "none"]) + (tls?.serverOptions ?? []) + options
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let child = process.processIdentifier
    Interruption.shared.keep("server \(child)") {
      // Its data is about to go: there is nothing to finish, but it must not write meanwhile.
      kill(child, SIGKILL)
      for _ in 0..<200 where kill(child, 0) == 0 { usleep(10_000) }
    }
    var text = ""
    while !text.contains("\n") {
      let bytes = output.fileHandleForReading.availableData
      guard !bytes.isEmpty else {
        throw DaybookError(.unreachable, "the server ended before it listened")
      }
      text += String(decoding: bytes, as: UTF8.self)
    }
    // 'listening on HOST:PORT', and what is spoken there, if that is not frames in clear.
    guard let address = text.split(whereSeparator: \.isWhitespace).dropFirst(2).first,
      let port = address.split(separator: ":").last.flatMap({ Int($0) })
    else { throw DaybookError(.unreachable, "the server said '\(text)' instead of its address") }
    line = ServerLine(host: host, port: port, tls: tls, isWebSocket: isWebSocket)
  }

  /// Throws `unreachable` if it has ended.
  func usage() throws -> ServerUsage {
    guard let usage = ServerUsage(of: identifier) else { throw ServerProcess.gone }
    return usage
  }

  static var gone: DaybookError {
    DaybookError(.unreachable, "the server ended while it was measured")
  }

  /// Asks it to stop, and waits.
  func stop() {
    process.terminate()
    process.waitUntilExit()
    Interruption.shared.drop("server \(process.processIdentifier)")
  }
}
