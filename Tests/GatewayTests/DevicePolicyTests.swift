import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("which of a user's devices may be connected together", .timeLimit(.minutes(30)))
struct DevicePolicyTests {
  private func isAlive(_ client: TestClient) async throws -> Bool {
    try await client.ask(.heartbeat, Daybook_V1_HeartbeatRequest()).type == .heartbeat.reply
  }

  private func end(_ client: TestClient) async throws -> Daybook_V1_ErrorReply {
    let last = try await client.until(.closing).last!
    #expect(await client.isAtEnd())
    return try Daybook_V1_Closing(frameBody: last.body).error
  }

  private static let rows: [(DevicePolicy, String, displaced: Set<String>)] = [
    (.any, "bob:tablet@mobile", []),
    (.oneOfEachClass, "bob:tablet@mobile", ["bob:phone@mobile"]),
    (.oneOfEachClass, "bob:tablet@other", []),
    (.oneOfEachClass, "bob:tablet", ["bob:script"]),
    (.one, "bob:tablet", ["bob:phone@mobile", "bob:desktop@desk", "bob:script"]),
  ]

  @Test(
    "is any, one of each class, or one: who connects stays, and who is displaced is told by whom",
    arguments: rows)
  private func displaced(
    _ row: (DevicePolicy, String, displaced: Set<String>)
  ) async throws {
    try await GatewayFixture.runOverTCP { fixture in
      var clients: [(String, TestClient)] = []
      for token in ["bob:phone@mobile", "bob:desktop@desk", "bob:script", "alice:phone@mobile"] {
        clients.append((token, try await fixture.connect(token)))
      }
      let service = try await fixture.connect("service:bob")
      fixture.sessions.changeDevices(to: row.0)
      // By itself another policy ends nothing.
      for (_, client) in clients { #expect(try await isAlive(client)) }
      let tablet = try await fixture.connect(row.1)
      for (token, client) in clients {
        guard row.displaced.contains(token) else {
          #expect(try await isAlive(client), "\(token)")
          continue
        }
        let error = try await end(client)
        #expect(error.name == "device_displaced" && !error.temporary)
        #expect(error.message.contains("tablet"))
        #expect(error.message.contains("mobile") == row.1.contains("mobile"))
      }
      #expect(try await isAlive(tablet))
      #expect(try await isAlive(service))
      // The same device again is replaced, whatever the policy.
      let again = try await fixture.connect(row.1)
      #expect(try await end(tablet).name == "session_replaced")
      #expect(try await isAlive(again))
    }
  }

  @Test("of many that connect at the same moment one stays")
  func together() async throws {
    var options = GatewayOptions.patient
    options.devices = .one
    try await GatewayFixture.run(options) { fixture in
      var clients: [TestClient] = []
      for _ in 0..<16 { clients.append(try await fixture.open()) }
      await withTaskGroup { group in
        for (index, client) in clients.enumerated() {
          group.addTask {
            _ = try? await client.say(
              .connect, Daybook_V1_ConnectRequest.with { $0.token = "bob:d\(index)" })
          }
        }
      }
      var ended = 0
      while ended < 15 {
        try Task.checkCancellation()
        let online = await fixture.sessions.connectionCount()
        ended = 16 - online
        await Task.yield()
      }
      #expect(
        fixture.sessions.context.registry.presence(of: [UserID(checked: "bob")])[0].devices.count
          == 1)
      #expect(await fixture.sessions.connectionCount() == 1)
    }
  }

  @Test(
    "a connection whose other end is gone without a word holds nothing back",
    arguments: DevicePolicy.allCases, ["bob:phone", "bob:laptop"])
  func halfOpen(policy: DevicePolicy, next: String) async throws {
    var options = GatewayOptions.patient
    options.devices = policy
    try await GatewayFixture.runOverTCP(options) { fixture in
      AckTests.fill(fixture.daybook, "user/bob", 3)
      // It has some, and acks none: nothing more is ever heard of it.
      let vanished = try await fixture.connect("bob:phone")
      #expect(try await vanished.seqs(of: "user/bob", through: 3) == [1, 2, 3])
      let (other, frames) = try await fixture.live(next)
      #expect(try frames.seqs(of: "user/bob") == [1, 2, 3])
      fixture.daybook.append(Chat.bobBox, Chat.alice, Chat.sent("4"))
      #expect(try await other.seqs(of: "user/bob", through: 4) == [4])
      // What it had not acked comes to the device's next session.
      let (back, missed) = try await fixture.live("bob:phone")
      #expect(try missed.seqs(of: "user/bob") == [1, 2, 3, 4])
      #expect(try await isAlive(back))
    }
  }

  @Test("the log is told of the class that the token names")
  func logged() async throws {
    try await GatewayFixture.run { fixture in
      for token in ["bob:phone@mobile", "bob:laptop"] { _ = try await fixture.live(token) }
      let classes = fixture.daybook.commandsNow { _ in true }.compactMap { command in
        if case .openSession(_, _, let deviceClass) = command.body {
          "\(command.actor.device!) \(deviceClass?.text ?? "-")"
        } else {
          nil
        }
      }
      #expect(classes == ["phone mobile", "laptop -"])
    }
  }
}
