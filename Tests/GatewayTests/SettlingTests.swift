import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("what a loop writes and when")
struct SettlingTests {
  @Test("what several batches bring within one tick leaves a session in one write")
  func oneWrite() async throws {
    try await GatewayFixture.run { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      let line = try #require(bob.line as? MemoryConnection)
      let stream = StreamKey.user(try UserID("bob"))
      let alice = Actor(user: try UserID("alice"))
      let before = try await line.home.loop.submit { [daybook = fixture.daybook] in
        for _ in 1...3 {
          let message = Message(content: ContentCoding.text("x"))
          daybook.append(stream, alice, .messageSent(message))
        }
        return line.writes
      }.get()
      #expect(try await bob.seqs(of: "user/bob", through: 3) == [1, 2, 3])
      #expect(try await line.home.loop.submit { line.writes }.get() == before + 1)
    }
  }

  @Test("a token that is not known at once is looked at off the loop, and is as good")
  func slowToken() async throws {
    try await GatewayFixture.run { fixture in
      fixture.daybook.state.withLockedValue { $0.checksAtOnce = false }
      let (alice, _) = try await fixture.live("alice:phone")
      #expect(try await alice.send("x", to: "user/bob", number: 1).type == FrameType.send.reply)
      let nobody = try await fixture.open()
      let code = try await nobody.error(
        .connect, Daybook_V1_ConnectRequest.with { $0.token = "expired:phone" })
      #expect(code == .expiredToken)
    }
  }

  @Test("whoever does not connect is ended at the deadline, each in its turn")
  func deadline() async throws {
    var options = GatewayOptions.patient
    options.connectDeadline = .milliseconds(20)
    try await GatewayFixture.run(options) { fixture in
      var silent: [TestClient] = []
      // Three to each of the two loops.
      for _ in 1...6 { silent.append(try await fixture.open()) }
      for client in silent {
        let closing = try Daybook_V1_Closing(frameBody: try await client.next().body)
        #expect(closing.error.name == "connect_deadline")
        #expect(await client.isAtEnd())
      }
    }
  }
}
