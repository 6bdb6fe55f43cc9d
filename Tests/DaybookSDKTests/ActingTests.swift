import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("A service that acts for users")
struct ActingTests {
  @Test("names the user in each command, and counts all of them as one")
  func names() async throws {
    let contexts = NIOLockedValueBox<[String]>([])
    let server = try await ScriptedServer { frame, out in
      guard FrameType.commands.contains(frame.type) else { return }
      let context: CommandContext? =
        switch frame.type {
        case .send: try? SendRequest(frameBody: frame.body).context
        case .join: try? Daybook_V1_JoinRequest(frameBody: frame.body).context.decoded
        default: try? Daybook_V1_ReadRequest(frameBody: frame.body).context.decoded
        }
      contexts.withLockedValue {
        $0.append("\(frame.type) \(context?.number ?? 0) \(context?.actingFor?.text ?? "")")
      }
      out.writeFrame(frame.type.reply, sequence: frame.sequence) {
        CommandReply(
          messageID: MessageID(5), seq: .none, recordedAt: Timestamp(milliseconds: 1),
          repeated: false, changed: true
        ).write(to: &$0)
      }
    }
    let service = try DaybookClient(
      ClientConfiguration.patient(server))
    try await service.connect()
    let alice = try service.acting(for: "alice")
    let bob = try service.acting(for: "bob")
    _ = try await alice.send(text: "hi", to: .user("bob")).stored()
    _ = try await bob.send(text: "hi", to: .user("alice")).stored()
    #expect(try await bob.join(group: "team") == .joined)
    #expect(try await alice.markRead(.user("bob"), upToSeq: 1))
    _ = try await service.send(text: "as itself", to: .user("bob")).stored()
    #expect(
      contexts.withLockedValue { $0 } == [
        "\(FrameType.send) 1 alice", "\(FrameType.send) 2 bob", "\(FrameType.join) 3 bob",
        "\(FrameType.read) 4 alice", "\(FrameType.send) 5 ",
      ])
    #expect(throws: ClientError.self) { try service.acting(for: "no user") }
    await service.close()
    try await server.close()
  }
}

extension Daybook_V1_CommandContext {
  fileprivate var decoded: CommandContext? { try? CommandContext(self) }
}
