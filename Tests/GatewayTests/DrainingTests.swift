import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Testing
import WireProtocol

@testable import Gateway

@Suite("a gateway that stops", .timeLimit(.minutes(30)))
struct DrainingTests {
  private func closing(_ frames: [Frame]) throws -> Daybook_V1_ErrorReply {
    let last = try #require(frames.last)
    try #require(last.type == .closing)
    return try Daybook_V1_Closing(frameBody: last.body).error
  }

  @Test("answers what was asked before, takes nothing after, and says why and when to come again")
  func answered() async throws {
    var options = GatewayOptions.patient
    // Other tests may take the machine for longer than a server would wait.
    options.drainDeadline = .hours(1)
    try await GatewayFixture.run(options) { fixture in
      let (client, _) = try await fixture.live("bob:phone")
      fixture.daybook.state.withLockedValue { $0.holdsSends = true }
      let asked = try await client.say(.send, Requests.send("one", to: "user/alice", number: 1))
      while fixture.daybook.state.withLockedValue({ $0.held.isEmpty }) { await Task.yield() }
      for home in fixture.sessions.loops { try await home.loop.submit { home.drain {} }.get() }
      // What is sent while the answer is outstanding is not taken.
      _ = try? await client.say(.send, Requests.send("two", to: "user/alice", number: 2))
      fixture.daybook.release()
      let frames = try await client.until(.closing)
      let answers = frames.filter { $0.sequence > 0 }
      #expect(answers.map(\.sequence) == [asked] && answers.first?.type == .send.reply)
      let reason = try closing(frames)
      #expect(reason.name == "server_stopping" && reason.temporary)
      #expect(reason.retryAfterMs >= 100)
      #expect(await client.isAtEnd())
    }
  }

  @Test("gives each session another time to come again, within the spread")
  func spread() async throws {
    try await GatewayFixture.run { fixture in
      var clients: [TestClient] = []
      for number in 0..<40 { clients.append(try await fixture.connect("bob:d\(number)")) }
      await fixture.sessions.stop()
      var delays: [UInt32] = []
      for client in clients {
        delays.append(try closing(try await client.until(.closing)).retryAfterMs)
      }
      // Two loops spread theirs each.
      #expect(Set(delays).count >= 20)
      #expect(delays.allSatisfy { (100...1_100).contains($0) })
    }
  }

  @Test("waits no longer than its deadline for what is not answered")
  func deadline() async throws {
    var options = GatewayOptions.patient
    options.drainDeadline = .milliseconds(50)
    try await GatewayFixture.run(options) { fixture in
      let (client, _) = try await fixture.live("bob:phone")
      fixture.daybook.state.withLockedValue { $0.holdsSends = true }
      try await client.say(.send, Requests.send("one", to: "user/alice", number: 1))
      while fixture.daybook.state.withLockedValue({ $0.held.isEmpty }) { await Task.yield() }
      await fixture.sessions.stop()
      #expect(try closing(try await client.until(.closing)).name == "server_stopping")
      fixture.daybook.release()
    }
  }

  @Test("ends a connection that has said nothing yet at once")
  func strangers() async throws {
    try await GatewayFixture.run { fixture in
      let client = try await fixture.open()
      await fixture.sessions.stop()
      #expect(try closing(try await client.until(.closing)).name == "server_stopping")
    }
  }
}
