import DaybookSDK
import Foundation
import Testing

/// Connections that say nothing, held by a process of their own: Foundation's Process copies more of
/// a listing of open files than there is, and may crash in a program that has 1,350 of them.
private struct SilentConnections {
  private let holder: Running

  static var areAllowed: Bool {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return limit.rlim_max >= 4_000
  }

  /// Returns once each was accepted or refused.
  init(_ count: Int, to address: String) async throws {
    let parts = address.split(separator: ":").map(String.init)
    holder = try Running(
      ["\(count)"] + parts,
      shell: #"""
        exec bash -c 'ulimit -n 4000
        for ((made = 0; made < $1; made++)); do exec {file}<>/dev/tcp/$2/$3; done 2> /dev/null
        echo connected; exec sleep 1800' holder "$@"
        """#)
    while !holder.text().contains("connected") { try await Task.sleep(for: .milliseconds(10)) }
  }

  func close() { holder.signal(SIGKILL) }
}

@Suite("hostile clients", .serialized, .timeLimit(.minutes(30)))
struct HostileTests {
  /// A group in which somebody has said so much.
  private func fill(_ server: TestServer, messages: Int, bytes: Int) async throws {
    let writer = try await Device("writer", "laptop", server)
    try await writer.open()
    try await writer.client.createGroup("archive", title: "archive")
    let text = String(repeating: "x", count: bytes)
    for _ in 0..<messages { try writer.client.send(text: text, to: .group("archive")) }
    await writer.close()
  }

  private func reader(_ name: String, _ server: TestServer) async throws -> DaybookClient {
    let token = try await server.token(service: name)
    let client = try DaybookClient(ClientConfiguration(server: server.address, token: token))
    try await client.connect()
    return client
  }

  /// So many questions at a time, each for as much as there is. Returns how many messages came.
  private func ask(_ count: Int, _ client: DaybookClient) async throws -> [Int] {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<count {
        group.addTask {
          try await client.history(of: .group("archive"), limit: 500).messages.count
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  @Test(
    "while 1,300 silent connections besiege a server with 1,200 files, its clients are served",
    .enabled(if: SilentConnections.areAllowed))
  func silentConnections() async throws {
    let server = try await TestServer()
    try await server.start(shell: #"ulimit -n 1200; exec "$0" "$@""#)
    try await fill(server, messages: 400, bytes: 20_000)
    var readers: [DaybookClient] = []
    for index in 0..<8 { readers.append(try await reader("reader-\(index)", server)) }
    let silent = try await SilentConnections(1_300, to: server.address)
    try await withThrowingTaskGroup(of: [Int].self) { group in
      for client in readers { group.addTask { try await self.ask(30, client) } }
      for try await pages in group { #expect(pages.allSatisfy { $0 == 26 }, "\(pages)") }
    }
    #expect(server.isRunning)
    silent.close()
    for client in readers { await client.close() }
    // There is room again, as soon as the server has noticed.
    let late = try await reader("late", server)
    #expect(try await ask(1, late) == [26])
    await late.close()
    let output = try #require(await server.stop())
    #expect(output.status == 0)
  }

  @Test("32 questions for 500 messages of 65 kB take less than 100 MB")
  func largeHistories() async throws {
    let server = try await TestServer()
    try await server.start()
    try await fill(server, messages: 500, bytes: 65_000)
    let client = try await reader("reader", server)
    #expect(try await ask(1, client) == [8])
    let before = try server.memory("VmRSS")
    let pages = try await ask(32, client)
    #expect(pages == Array(repeating: 8, count: 32))
    #expect(try server.memory("VmHWM") - before < 100 << 10)
    await client.close()
    await server.stop()
  }
}
