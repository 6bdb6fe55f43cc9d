import DaybookSDK
import Foundation
import Testing

@Suite("a service", .timeLimit(.minutes(30)))
struct ServiceTests {
  private func client(_ server: TestServer, _ token: String) async throws -> DaybookClient {
    let client = try DaybookClient(ClientConfiguration(server: server.address, token: token))
    try await client.connect()
    return client
  }

  private func refusal(_ call: () async throws -> Void) async -> ClientError.Code? {
    do {
      try await call()
      return nil
    } catch {
      return (error as? ClientError)?.code
    }
  }

  @Test("sends and keeps order in groups for users, as each of them may, and as itself nothing")
  func acts() async throws {
    let server = try await TestServer()
    try await server.start()
    let service = try await client(server, server.token(service: "shop"))
    let ann = try service.acting(for: "ann")
    let ben = try service.acting(for: "ben")
    try await ann.createGroup("team", joinPolicy: .invitation)
    #expect(await refusal { try await ben.join(group: "team") } == .notInvited)
    try await ann.invite("ben", to: "team")
    #expect(try await ben.join(group: "team") == .joined)
    #expect(await refusal { try await ben.change(group: "team", title: "Ours") } == .notPermitted)
    try await ann.setRole(of: "ben", in: "team", to: .admin)
    try await ben.change(group: "team", title: "Ours")
    _ = try await ann.send(text: "from ann", to: .group("team")).stored()
    _ = try await ben.send(text: "from ben", to: .group("team")).stored()
    let direct = try await ann.send(text: "parcel?", to: .user("ben")).stored()
    try await ben.react("👍", to: direct.messageID, in: .user("ann"))
    #expect(
      await refusal { try await ben.edit(direct.messageID, in: .user("ann"), text: "no") }
        == .notPermitted)

    // What a service may ask is asked for nobody, and is of groups.
    #expect(try await service.group("team").attributes.title == "Ours")
    #expect(try await service.members(of: "team").map(\.user) == ["ann", "ben"])
    #expect(await refusal { _ = try await service.unread() } == .notPermitted)
    #expect(
      await refusal { _ = try await service.send(text: "hi", to: .user("ben")).stored() }
        == .invalidRequest)

    // The users themselves find all of it, and may not act for each other.
    let phone = try await client(server, server.token(user: "ben", device: "phone"))
    let page = try await phone.history(of: .group("team"))
    #expect(page.messages.map(\.from) == ["ann", "ben"])
    let message = try #require(try await phone.history(of: .user("ann")).messages.first)
    #expect(message.content == .text("parcel?") && message.reactions.map(\.reaction) == ["👍"])
    let pretender = try phone.acting(for: "ann")
    #expect(
      await refusal { _ = try await pretender.send(text: "hi", to: .user("ben")).stored() }
        == .notPermitted)
    #expect(await refusal { try await pretender.leave(group: "team") } == .notPermitted)
    for one in [service, phone] { await one.close() }
    await server.stop()
  }

  @Test("and whoever only sends never stalls, whatever comes back", .timeLimit(.minutes(30)))
  func sendOnly() async throws {
    let server = try await TestServer()
    try await server.start()
    let token = try await server.token(user: "ann", device: "phone")
    var configuration = try ClientConfiguration(server: server.address, token: token)
    // Less than comes back: a status of each, and its copy in ann's own mailbox.
    configuration.bufferedEventsMax = 64
    let client = try DaybookClient(configuration)
    try await client.connect()
    let sent = try (1...3_000).map { try client.send(text: "m\($0)", to: .user("ben")) }
    for message in sent { _ = try await message.stored() }
    var found: [String] = []
    for await case .message(let message) in client.events {
      if case .text(let text) = message.content { found.append(text) }
      if found.count == sent.count { break }
    }
    #expect(found == (1...3_000).map { "m\($0)" })
    await client.close()
    await server.stop()
  }
}
