import Doubles
import Foundation
import Testing

/// The built `daybook`, run as a user runs it.
enum Program {
  /// Tests and program are built side by side, unless what is measured is to be another build.
  static let url = environment.map { URL(fileURLWithPath: $0) } ?? folder.appending(path: "daybook")
  private static let environment = ProcessInfo.processInfo.environment["DAYBOOK_PROGRAM"]
  static let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()

  struct Output: Sendable {
    var status: Int32
    var text: String
    var errors: String

    var lines: [Substring] { text.split(separator: "\n") }

    /// Each line as a JSON object.
    func objects() throws -> [[String: Any]] {
      try lines.map {
        try #require(
          try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any],
          "not an object: \($0)")
      }
    }
  }

  /// Runs to the end, with `input` as standard input, and `environment` beside this process's.
  static func run(
    _ arguments: [String], input: String = "", environment: [String: String] = [:]
  ) async throws -> Output {
    let settings = environment.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
    let run = try Running(
      arguments, input: input,
      shell: environment.isEmpty ? nil : "export \(settings); exec \"$0\" \"$@\"")
    return await run.finished()
  }

  /// Runs to the end, and expects success.
  @discardableResult
  static func succeed(
    _ arguments: [String], input: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Output {
    let output = try await run(arguments, input: input)
    try #require(
      output.status == 0, "\(arguments): \(output.errors)", sourceLocation: sourceLocation)
    return output
  }
}

/// A `daybook` that runs beside the test. Its output goes to files, so that it never waits for a
/// reader.
final class Running: @unchecked Sendable {
  private let process: ChildProcess
  private let folder: URL

  /// Of `shell`, which then takes the program's arguments, the program is what it ends with:
  /// `exec "$0" "$@"`.
  init(
    _ arguments: [String], input: String = "", shell: String? = nil, descriptors: [Int32] = []
  ) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "daybook-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["in", "out", "err"] {
      let content = name == "in" ? Data(input.utf8) : Data()
      try content.write(to: folder.appendingPathComponent(name))
    }
    process = try ChildProcess(
      shell == nil ? Program.url.path : "/bin/sh",
      (shell.map { ["-c", $0, Program.url.path] } ?? []) + arguments,
      input: folder.appendingPathComponent("in").path,
      output: folder.appendingPathComponent("out").path,
      errors: folder.appendingPathComponent("err").path, descriptors: descriptors)
  }

  deinit {
    process.signal(SIGKILL)
    try? FileManager.default.removeItem(at: folder)
  }

  var isRunning: Bool { process.isRunning }

  var identifier: Int32 { process.identifier }

  func signal(_ number: Int32) { process.signal(number) }

  /// Whether it has a handler for the signal.
  func handles(_ number: Int32) -> Bool {
    let line = status("SigCgt")
    let mask = line.flatMap { UInt64($0, radix: 16) } ?? 0
    return mask & 1 << UInt64(number - 1) != 0
  }

  /// What the system says of the process (proc(5)); nil once it has ended.
  func status(_ field: String) -> String? {
    let status = try? String(
      contentsOfFile: "/proc/\(process.identifier)/status", encoding: .utf8)
    let line = status?.split(separator: "\n").first { $0.hasPrefix("\(field):") }
    return line?.dropFirst(field.count + 1).trimmingCharacters(in: .whitespaces)
  }

  func text(_ name: String = "out") -> String {
    (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
  }

  func finished() async -> Program.Output {
    while true {
      if let status = process.status {
        return Program.Output(status: status, text: text("out"), errors: text("err"))
      }
      try? await Task.sleep(for: .milliseconds(5))
    }
  }
}

/// A data folder, and a server on it that can be killed and started again on the same port.
final class TestServer: @unchecked Sendable {
  let folder: URL
  private(set) var address = "127.0.0.1:0"
  private var running: Running?
  private let ownsFolder: Bool

  var data: String { folder.appendingPathComponent("data").path }

  /// `options` are those of `daybook init`.
  init(partitions: Int = 4, _ options: [String] = []) async throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "daybook-test-\(UUID().uuidString)")
    ownsFolder = true
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try await Program.succeed(
      ["init", "--data", data, "--partitions", "\(partitions)"] + options)
  }

  /// For the folder of another, with which it goes.
  init(besides other: TestServer) {
    folder = other.folder
    ownsFolder = false
  }

  deinit {
    running?.signal(SIGKILL)
    if ownsFolder { try? FileManager.default.removeItem(at: folder) }
  }

  /// `options` are those of `daybook serve`.
  func start(_ options: [String] = [], shell: String? = nil) async throws {
    let server = try Running(
      ["serve", "--data", data, "--tcp", address] + options, shell: shell)
    running = server
    while !server.text().contains("\n") {
      try #require(server.isRunning, "the server ended: \(server.text("err"))")
      try await Task.sleep(for: .milliseconds(5))
    }
    let line = try #require(server.text().split(separator: "\n").first)
    address = "127.0.0.1:" + (try #require(line.split(separator: ":").last))
  }

  /// As a power cut would end the process: no chance to finish anything.
  func crash() async {
    running?.signal(SIGKILL)
    _ = await running?.finished()
    running = nil
  }

  var isRunning: Bool { running?.isRunning ?? false }

  func signal(_ number: Int32) { running?.signal(number) }

  /// Of its process; nil where none runs.
  var identifier: Int32? { running?.identifier }

  /// What it has printed so far.
  var output: String { running?.text() ?? "" }

  /// What it has logged so far.
  var errors: String { running?.text("err") ?? "" }

  /// Stops it where it is, until it gets SIGCONT.
  func freeze() async throws {
    running?.signal(SIGSTOP)
    while running?.status("State")?.hasPrefix("T") == false {
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  /// `VmRSS` or `VmHWM`, its highest so far, in KiB.
  func memory(_ field: String) throws -> Int {
    let text = running?.status(field)?.split(separator: " ").first
    return try #require(text.flatMap { Int($0) })
  }

  @discardableResult
  func stop(by signal: Int32 = SIGTERM) async -> Program.Output? {
    running?.signal(signal)
    let output = await running?.finished()
    running = nil
    return output
  }

  func token(user: String, device: String) async throws -> String {
    let output = try await Program.succeed(
      ["token", "--data", data, "--user", user, "--device", device])
    return output.text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func token(service: String) async throws -> String {
    let output = try await Program.succeed(["token", "--data", data, "--service", service])
    return output.text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

extension TestServer {
  /// What a user's console shows for these lines, once all of them are done. `status` is what it
  /// exits with.
  func chat(
    _ user: String, device: String = "phone", status: Int32 = 0, _ lines: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let token = try await token(user: user, device: device)
    let output = try await Program.run(
      ["chat", "--server", address, "--token", token],
      input: lines.map { $0 + "\n" }.joined())
    try #require(
      output.status == status, "\(output.text)\(output.errors)", sourceLocation: sourceLocation)
    return output.text
  }

  /// The objects that a command prints with `--json`.
  func objects(_ command: [String]) async throws -> [[String: Any]] {
    try await Program.succeed(command + ["--data", data, "--json"]).objects()
  }
}

/// Fixture files, which lie beside the tests.
enum Fixtures {
  static let irc = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/irc")

  static func ircFiles() throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: irc, includingPropertiesForKeys: nil)
      .filter { $0.lastPathComponent.contains("train") }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
  }
}
