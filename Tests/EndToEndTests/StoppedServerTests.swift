import DaybookSDK
import Foundation
import Testing

@Suite(
  "a server is stopped, another takes over its folder, the first goes on", .timeLimit(.minutes(30)))
struct StoppedServerTests {
  /// Sends one message after the other, and remembers the text of each that was acked.
  actor Sender {
    private let client: DaybookClient
    private(set) var acked: [String] = []

    init(_ client: DaybookClient) { self.client = client }

    /// Until a message isn't acked any more.
    func send(to peer: String) async {
      while true {
        let text = "\(peer) \(acked.count + 1)"
        guard let sent = try? client.send(text: text, to: .user(peer)),
          (try? await sent.stored()) != nil
        else { return }
        acked.append(text)
      }
    }

    func count(reaches target: Int) async throws {
      while acked.count < target { try await Task.sleep(for: .milliseconds(2)) }
    }
  }

  @Test("the first ends as fenced, and all that either acked is there, once", arguments: 1...3)
  func takeOver(_ round: Int) async throws {
    let first = try await TestServer()
    try await first.start()
    let second = TestServer(besides: first)
    let (alice, toBob) = try await sender("alice", first)
    let sending = Task { await toBob.send(to: "bob") }
    try await toBob.count(reaches: 20)
    try await Task.sleep(for: .microseconds(Int.random(in: 0..<50_000)))
    first.signal(SIGSTOP)
    try loseLocks(first)
    try await second.start()
    let (carol, toDan) = try await sender("carol", second)
    let sendingToo = Task { await toDan.send(to: "dan") }
    try await toDan.count(reaches: 20)
    let end = try #require(await first.stop(by: SIGCONT))
    #expect(end.status == 1)
    #expect(end.errors.contains("epoch_fenced"), "\(end.errors)")
    try await toDan.count(reaches: 40)
    await alice.close()
    await carol.close()
    await sending.value
    await sendingToo.value
    await second.stop()
    try await Program.succeed(["log", "verify", "--data", first.data])
    for (sender, user, peer) in [(toBob, "bob", "alice"), (toDan, "dan", "carol")] {
      let acked = await sender.acked
      let output = try await Program.succeed(
        [
          "history", "--data", first.data, "--user", user, "--with", peer, "--limit", "100000",
          "--json",
        ])
      let texts = try output.objects().map { $0["text"] as? String }
      // Of the last one, at most, the ack was lost.
      #expect(Array(texts.prefix(acked.count)) == acked)
      #expect(texts.count <= acked.count + 1)
    }
  }

  private func sender(
    _ user: String, _ server: TestServer
  ) async throws -> (DaybookClient, Sender) {
    let token = try await server.token(user: user, device: "phone")
    let client = try DaybookClient(ClientConfiguration(server: server.address, token: token))
    try await client.connect()
    Task { for await _ in client.events {} }
    return (client, Sender(client))
  }

  /// As somebody does who thinks the lock stale, and lays the log's files into a folder made anew.
  private func loseLocks(_ server: TestServer) throws {
    let data = URL(fileURLWithPath: server.data)
    let (log, moved) = (data.appending(path: "log"), data.appending(path: "moved"))
    let files = FileManager.default
    try files.removeItem(at: data.appending(path: "lock"))
    try files.moveItem(at: log, to: moved)
    try files.createDirectory(
      at: log, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    for name in try files.contentsOfDirectory(atPath: moved.path) {
      try files.moveItem(at: moved.appending(path: name), to: log.appending(path: name))
    }
    try files.removeItem(at: moved)
  }
}
