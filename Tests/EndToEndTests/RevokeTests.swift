import DaybookSDK
import DaybookSchema
import Foundation
import Testing
import WireProtocol

@Suite("tokens that the operator makes void", .timeLimit(.minutes(30)))
struct RevokeTests {
  /// A token and its id.
  private struct Made {
    let token: String
    let id: String

    init(_ server: TestServer, _ options: [String]) async throws {
      let made = try await Program.succeed(
        ["token", "--data", server.data, "--json"] + options
      ).objects()[0]
      token = try #require(made["token"] as? String)
      id = try #require(made["id"] as? String)
    }
  }

  private static let holders: [String: [String]] = [
    "phone": ["--user", "bob", "--device", "phone"],
    "laptop": ["--user", "bob", "--device", "laptop"],
    "other": ["--user", "carol", "--device", "phone"],
    "crm": ["--service", "crm"],
  ]

  /// What is said, which may name the phone's token, and whom it ends.
  private static let rows: [([String], ends: Set<String>)] = [
    (["--user", "bob", "--token-id", "ID"], ["phone"]),
    (["--user", "bob", "--device", "phone"], ["phone"]),
    (["--user", "bob"], ["phone", "laptop"]),
    (["--service", "crm"], ["crm"]),
  ]

  private func client(_ server: TestServer, _ token: String) async throws -> DaybookClient {
    let client = try DaybookClient(ClientConfiguration(server: server.address, token: token))
    try await client.connect()
    return client
  }

  private func refusal(_ server: TestServer, _ token: String) async -> String? {
    do {
      await (try await client(server, token)).close()
      return nil
    } catch {
      return (error as? ClientError)?.name
    }
  }

  private func end(_ client: DaybookClient) async -> String? {
    for await event in client.events {
      if case .connection(.closed(let error)) = event { return error?.name }
    }
    return nil
  }

  private func heartbeat(_ client: DaybookClient) async throws {
    if client.endedBy != nil { throw client.endedBy! }
    _ = try? await client.group("none")
    if let error = client.endedBy { throw error }
  }

  @Test(
    "end who is connected with one, keep away who comes with one, and do so from the log alone",
    arguments: rows)
  private func revoked(_ row: ([String], ends: Set<String>)) async throws {
    let server = try await TestServer(partitions: 2)
    try await server.start()
    let ops = try await server.token(service: "ops")
    var made: [String: Made] = [:]
    var clients: [String: DaybookClient] = [:]
    for (name, options) in Self.holders {
      made[name] = try await Made(server, options)
      clients[name] = try await client(server, made[name]!.token)
    }
    let options = row.0.map { $0 == "ID" ? made["phone"]!.id : $0 }
    let said = try await Program.succeed(
      ["revoke", "--server", server.address, "--token", ops, "--json"] + options
    ).objects()[0]
    #expect(said["changed"] as? Bool == true)
    for (name, client) in clients {
      if row.ends.contains(name) {
        #expect(await end(client) == "token_revoked", "\(name)")
      } else {
        try await heartbeat(client)
      }
      await client.close()
    }
    await server.stop()
    // Whatever was made from the log.
    for folder in ["state", "projections"] {
      try FileManager.default.removeItem(atPath: "\(server.data)/\(folder)")
    }
    try await server.start()
    for (name, token) in made {
      #expect(
        await refusal(server, token.token) == (row.ends.contains(name) ? "token_revoked" : nil),
        "\(name)")
    }
    // Tokens say in whole seconds when they were made.
    let at = try #require(said["at"] as? String)
    let second = at.prefix(19)
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "UTC")
    format.dateFormat = "yyyy-MM-dd'T'HH:mm:ss"
    while format.string(from: Date()) <= second { try await Task.sleep(for: .milliseconds(5)) }
    for name in row.ends {
      #expect(
        await refusal(server, try await Made(server, Self.holders[name]!).token) == nil, "\(name)")
    }
    await server.stop()
  }

  @Test("are told of by 'user show', of a running server and of a folder")
  func shown() async throws {
    let server = try await TestServer()
    try await server.start()
    let ops = try await server.token(service: "ops")
    let asked = ["--server", server.address, "--token", ops]
    for options in [
      ["--user", "bob", "--token-id", "one"], ["--user", "bob", "--device", "phone"],
      ["--service", "bob", "--token-id", "two"],
    ] {
      try await Program.succeed(["revoke"] + asked + options)
    }
    let again = try await Program.succeed(
      ["revoke"] + asked + ["--user", "bob", "--token-id", "one"])
    #expect(again.text == "the token 'one' of bob is void, as it was\n")
    for place in [asked, ["--data", server.data]] {
      let shown = try await Program.succeed(["user", "show", "bob", "--json"] + place).objects()[0]
      let revoked = try #require(shown["revoked"] as? [[String: Any]])
      #expect(revoked.map { $0["token_id"] as? String } == ["one", nil, "two"])
      #expect(revoked.map { $0["device"] as? String } == [nil, "phone", nil])
      #expect(revoked.map { $0["of"] as? String } == ["user", "user", "service"])
      let text = try await Program.succeed(["user", "show", "bob"] + place).text
      #expect(text.contains("of phone") && text.contains("void tokens"))
    }
    await server.stop()
  }

  @Test("are a service's to make so")
  func permitted() async throws {
    let server = try await TestServer()
    try await server.start()
    let token = try await server.token(user: "bob", device: "phone")
    let asked = ["revoke", "--server", server.address]
    let refused = try await Program.run(asked + ["--token", token, "--user", "bob"])
    #expect(refused.status != 0 && refused.errors.contains("not_permitted"))
    for options in [
      [], ["--user", "a", "--service", "b"], ["--service", "b", "--device", "c"],
      ["--user", "a", "--device", "c", "--token-id", "d"],
    ] {
      #expect(try await Program.run(asked + options).status == 64)
    }
    await server.stop()
  }

  @Test("renew no session, which stays as it was until its own is void")
  func renewal() async throws {
    let server = try await TestServer()
    try await server.start()
    let ops = try await client(server, try await server.token(service: "ops"))
    let options = ["--user", "bob", "--device", "phone"]
    let (first, second) = (try await Made(server, options), try await Made(server, options))
    let phone = try await client(server, first.token)
    try await ops.revoke(.token(second.id, ofUser: "bob"))
    var renewal = Daybook_V1_RenewRequest()
    renewal.token = second.token
    let request = renewal
    let error = await #expect(throws: ClientError.self) {
      let _: Daybook_V1_RenewReply = try await phone.query(.renew, request)
    }
    #expect(error?.code == .tokenRevoked)
    try await heartbeat(phone)
    try await ops.revoke(.token(first.id, ofUser: "bob"))
    #expect(await end(phone) == "token_revoked")
    await ops.close()
    await server.stop()
  }

  @Test("let no session live on that was opened at the same moment", arguments: [1, 2, 3])
  func race(round: Int) async throws {
    let server = try await TestServer()
    try await server.start()
    let ops = try await client(server, try await server.token(service: "ops"))
    var tokens: [String] = []
    for index in 0..<8 {
      tokens.append(
        try await Made(server, ["--user", "bob", "--device", "d\(index)"]).token)
    }
    tokens.append(try await Made(server, ["--service", "bob"]).token)
    await withTaskGroup { group in
      for token in tokens {
        group.addTask {
          // Refused, or ended soon after: it does not last.
          guard let client = try? await client(server, token) else { return }
          #expect(await end(client) == "token_revoked")
        }
      }
      group.addTask {
        for _ in 0..<round { await Task.yield() }
        _ = try? await ops.revoke(.all(ofUser: "bob"))
        _ = try? await ops.revoke(.all(ofService: "bob"))
      }
    }
    await ops.close()
    await server.stop()
  }
}
