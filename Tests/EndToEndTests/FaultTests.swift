import DaybookSDK
import Foundation
import Testing

@Suite("folders that can't be served", .timeLimit(.minutes(30)))
struct FolderTests {
  /// One clear line, with the error's name, and a status that a script notices.
  private func expectRefusal(
    _ arguments: [String], _ name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let output = try await Program.run(arguments)
    #expect(output.status != 0, sourceLocation: sourceLocation)
    #expect(output.text.isEmpty, sourceLocation: sourceLocation)
    let lines = output.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(output.errors)", sourceLocation: sourceLocation)
    #expect(
      lines.first?.contains(name) ?? false, "\(output.errors)", sourceLocation: sourceLocation)
  }

  @Test("a folder in use is refused to a second server and to a rebuild; token and verify go on")
  func inUse() async throws {
    let server = try await TestServer()
    try await server.start()
    try await expectRefusal(
      ["serve", "--data", server.data, "--tcp", "127.0.0.1:0"], "data_folder_in_use")
    try await expectRefusal(["projection", "rebuild", "--data", server.data], "data_folder_in_use")
    try await Program.succeed(["log", "verify", "--data", server.data])
    let bob = try await Device("bob", "phone", server)
    try await bob.open()
    await bob.close()
    await server.stop()
  }

  @Test(
    "a folder of another format version is refused, and left as it is",
    arguments: ["daybook.json", "log/manifest.json"])
  func formatVersion(name: String) async throws {
    let server = try await TestServer()
    let file = URL(fileURLWithPath: server.data).appendingPathComponent(name)
    let text = try String(contentsOf: file, encoding: .utf8)
    let newer = text.replacing(/"format_version"\s*:\s*\d+/, with: "\"format_version\": 4000")
    #expect(newer != text)
    // In its place: another file would have another mode.
    try newer.write(to: file, atomically: false, encoding: .utf8)
    for command in [
      ["serve", "--tcp", "127.0.0.1:0"], ["log", "verify"], ["projection", "list"],
    ] {
      try await expectRefusal(command + ["--data", server.data], "format_version")
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == newer)
  }

  @Test("a folder that may not be read is refused", .enabled(if: getuid() != 0, "root may all"))
  func permission() async throws {
    let server = try await TestServer()
    let log = URL(fileURLWithPath: server.data).appendingPathComponent("log").path
    chmod(log, 0)
    defer { chmod(log, 0o700) }
    try await expectRefusal(
      ["serve", "--data", server.data, "--tcp", "127.0.0.1:0"], "permission_denied")
  }
}
