import DaybookSDK
import Foundation
import Testing

@Suite("an application that dies", .timeLimit(.minutes(30)))
struct AcknowledgementTests {
  /// Between receiving a message and storing it: after each two that it has stored.
  @Test(
    "loses nothing of what it was handed and had not stored",
    arguments: [Acknowledgement.afterBody, .manual])
  func dies(acknowledgement: Acknowledgement) async throws {
    let server = try await TestServer()
    try await server.start()
    let alice = try await Device("alice", "phone", server)
    try await alice.open()
    let texts = (1...9).map { "message \($0)" }
    for text in texts {
      _ = try await alice.client.send(text: text, to: .user("bob")).stored()
    }
    await alice.close()

    var configuration = try ClientConfiguration(
      server: server.address, token: try await server.token(user: "bob", device: "phone"))
    configuration.acknowledgement = acknowledgement
    var stored: [String] = []
    var deaths = 0
    while stored.count < texts.count {
      let client = try DaybookClient(configuration)
      try await client.connect()
      var storedNow = 0
      for await delivery in client.deliveries {
        guard case .message(let message) = delivery.event, case .text(let text) = message.content
        else { continue }
        if storedNow == 2 {
          deaths += 1
          break
        }
        stored.append(text)
        storedNow += 1
        if acknowledgement == .manual { delivery.acknowledge() }
        if stored.count == texts.count { break }
      }
      await client.close()
    }
    #expect(stored == texts && deaths == 4)
    await server.stop()
  }
}
