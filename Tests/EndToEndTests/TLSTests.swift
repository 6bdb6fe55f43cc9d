import Doubles
import Foundation
import Testing

@Suite("TLS, with the program", .timeLimit(.minutes(30)))
struct TLSTests {
  /// A server that speaks in clear, where it is not told otherwise, and by TLS.
  private final class TLSServer {
    let server: TestServer
    let certificates: URL
    private let running: Running
    private(set) var lines: [Substring] = []

    /// `options` are those of `daybook serve`.
    init(tcp: String = "127.0.0.1:0", certificate: String = "server", _ options: [String] = [])
      async throws
    {
      server = try await TestServer(partitions: 2)
      certificates = try TLSFixtures.copy()
      running = try Running(
        [
          "serve", "--data", server.data, "--tcp", tcp, "--tls", "127.0.0.1:0",
          "--tls-certificate", TLSServer.file(certificates, "\(certificate).pem"),
          "--tls-key", TLSServer.file(certificates, "\(certificate).key"),
        ] + options)
      while !running.text().contains("\n") {
        try #require(running.isRunning, "the server ended: \(running.text("err"))")
        try await Task.sleep(for: .milliseconds(5))
      }
      lines = running.text().split(separator: "\n")
    }

    deinit { try? FileManager.default.removeItem(at: certificates) }

    private static func file(_ folder: URL, _ name: String) -> String {
      folder.appending(path: name).path
    }

    func file(_ name: String) -> String { TLSServer.file(certificates, name) }

    /// Where TLS is spoken, and where it is not.
    var secured: String { get throws { try address { $0.hasSuffix(" (tls)") } } }
    var plain: String { get throws { try address { !$0.hasSuffix(" (tls)") } } }

    private func address(_ isMeant: (Substring) -> Bool) throws -> String {
      let line = lines.first(where: isMeant)
      return String(try #require(line?.split(separator: " ").dropFirst(2).first))
    }

    func stop() async -> Program.Output {
      running.signal(SIGTERM)
      return await running.finished()
    }
  }

  @Test("users chat, whoever speaks TLS and whoever does not, and are found by questions over TLS")
  func chat() async throws {
    let tls = try await TLSServer()
    #expect(tls.lines.count == 2 && tls.lines[1].hasSuffix(" (tls)"))
    let (alice, bob) = (
      try await tls.server.token(user: "alice", device: "phone"),
      try await tls.server.token(user: "bob", device: "phone")
    )
    let trust = ["--tls-ca", tls.file("authority.pem")]
    try await Program.succeed(
      ["chat", "--server", try tls.secured, "--token", alice] + trust,
      input: "/to bob\nby TLS\n/quit\n")
    let answer = try await Program.succeed(
      ["chat", "--server", try tls.plain, "--token", bob],
      input: "/to alice\nin clear\n/quit\n")
    #expect(answer.text.contains("by TLS"))
    let history = try await Program.run(
      ["history", "--with", "bob"],
      environment: [
        "DAYBOOK_SERVER": "tls://\(try tls.secured)", "DAYBOOK_TOKEN": alice,
        "DAYBOOK_TLS_CA": tls.file("authority.pem"),
      ])
    #expect(history.status == 0, "\(history.errors)")
    #expect(history.text.contains("by TLS") && history.text.contains("in clear"))
    let sent = try await Program.run(
      ["send", "--server", try tls.secured, "--token", alice, "--to", "bob", "--tls", "once more"],
      environment: ["DAYBOOK_TLS_CA": tls.file("authority.pem")])
    #expect(sent.status == 0, "\(sent.errors)")
    let end = await tls.stop()
    #expect(end.status == 0 && !end.errors.contains("TLS handshake"), "\(end.errors)")
  }

  @Test("what keeps client and server apart is said in a line, by its code")
  func mistakes() async throws {
    let tls = try await TLSServer()
    let token = try await tls.server.token(user: "alice", device: "phone")
    let chat = ["chat", "--token", token, "--server"]
    let trust = ["--tls-ca", tls.file("authority.pem")]
    for (arguments, code) in [
      (chat + [try tls.secured], "tls_required"),
      (chat + [try tls.plain] + trust, "tls_plain_server"),
      (
        chat + [try tls.secured, "--tls-ca", tls.file("client-authority.pem")],
        "tls_certificate_untrusted"
      ),
    ] {
      let output = try await Program.run(arguments)
      #expect(output.status == 1)
      #expect(output.errors.hasPrefix("daybook: \(code): "), "\(output.errors)")
      #expect(output.errors.split(separator: "\n").count == 1, "\(output.errors)")
    }
    let end = await tls.stop()
    let failed = end.errors.split(separator: "\n").filter { $0.contains("TLS handshake failed") }
    #expect(failed.count == 2, "\(end.errors)")
  }

  @Test("with an authority for clients only who has a certificate of it is let in")
  func clients() async throws {
    let authority = TLSFixtures.path("client-authority.pem")
    let tls = try await TLSServer(tcp: "none", ["--tls-client-ca", authority])
    #expect(tls.lines.count == 1)
    let token = try await tls.server.token(user: "alice", device: "phone")
    let chat = [
      "chat", "--token", token, "--server", try tls.secured, "--tls-ca", tls.file("authority.pem"),
    ]
    func with(_ name: String) -> [String] {
      ["--tls-certificate", tls.file("\(name).pem"), "--tls-key", tls.file("\(name).key")]
    }
    let welcome = try await Program.run(chat + with("client"), input: "/quit\n")
    #expect(welcome.status == 0, "\(welcome.errors)")
    for refused in [[], with("stranger")] {
      let output = try await Program.run(chat + refused, input: "/quit\n")
      #expect(
        output.status == 1 && output.errors.hasPrefix("daybook: tls_client_certificate: "),
        "\(output.errors)")
    }
    _ = await tls.stop()
  }

  @Test("a server does not start with what it can't use, and touches nothing then")
  func starts() async throws {
    let server = try await TestServer(partitions: 1)
    let files = try TLSFixtures.copy()
    defer { try? FileManager.default.removeItem(at: files) }
    func path(_ name: String) -> String { files.appending(path: name).path }
    func serve(_ certificate: String, _ key: String) -> [String] {
      [
        "serve", "--data", server.data, "--tcp", "none", "--tls", "127.0.0.1:0",
        "--tls-certificate", path(certificate), "--tls-key", path(key),
      ]
    }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: path("renewed.key"))
    for (arguments, status, words) in [
      (serve("expired.pem", "expired.key"), 1, "has expired on 2021-01-01"),
      (serve("server.pem", "client.key"), 1, "is not that of the certificate"),
      (serve("server.pem", "nowhere.key"), 1, "there is no file"),
      (serve("renewed.pem", "renewed.key"), 1, "permission_denied: everybody on this machine"),
      (["serve", "--data", server.data, "--tcp", "none"], 64, "--tcp none leaves no way in"),
      (
        ["serve", "--data", server.data, "--tls", "127.0.0.1:0"], 64,
        "--tls takes --tls-certificate and --tls-key"
      ),
    ] as [([String], Int32, String)] {
      let output = try await Program.run(arguments)
      #expect(output.status == status && output.text.isEmpty, "\(output.errors)")
      #expect(output.errors.contains(words), "\(output.errors)")
      #expect(!output.errors.contains("epoch"), "\(output.errors)")
    }
  }
}
