import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Testing
import WireProtocol

@testable import DaybookClient

@Suite("A client")
struct ClientTests {
  private func configuration(_ server: ScriptedServer) -> ClientConfiguration {
    var configuration = ClientConfiguration(host: "127.0.0.1", port: server.port, token: "t")
    // What the tests want acked is acked for another reason than that time has passed.
    configuration.ackDelayMilliseconds = 3_600_000
    return configuration
  }

  @Test("asks for unread conversations page by page, until there are no more")
  func unreadPages() async throws {
    let pages: [String: ([(String, UInt64)], more: Bool)] = [
      "": ([("group/a", 1), ("user/bob", 2)], true), "user/bob": ([("user/eve", 3)], true),
      "user/eve": ([], false),
    ]
    let server = try await ScriptedServer { frame, out in
      guard frame.type == .unread,
        let request = try? Daybook_V1_UnreadRequest(frameBody: frame.body),
        let page = pages[request.after]
      else { return }
      let reply = Daybook_V1_UnreadReply.with {
        $0.conversations = page.0.map { name, count in
          .with {
            $0.conversation = name
            $0.unread = count
          }
        }
        $0.more = page.more
      }
      out.writeFrame(.unread.reply, sequence: frame.sequence, message: reply)
    }
    let client = try DaybookClient(configuration(server))
    try await client.connect()
    #expect(
      try await client.unread() == [.group("a"): 1, .user("bob"): 2, .user("eve"): 3])
    await client.close()
    try await server.close()
  }

  @Test("acks what it reads before it says that it is read")
  func ackBeforeRead() async throws {
    let frames = NIOLockedValueBox<[FrameType]>([])
    let server = try await ScriptedServer { frame, out in
      frames.withLockedValue { $0.append(frame.type) }
      switch frame.type {
      case .connect:
        let following = Daybook_V1_Following.with {
          $0.stream = "user/me"
          $0.headSeq = 1
        }
        out.writeFrame(.following, sequence: 0, message: following)
        out.writeFrame(.event, sequence: 0, body: ClientTests.message)
      case .read:
        out.writeFrame(.read.reply, sequence: frame.sequence) {
          CommandReply(
            messageID: .none, seq: Seq(2), recordedAt: Timestamp(milliseconds: 1), repeated: false,
            changed: true
          ).write(to: &$0)
        }
      default: break
      }
    }
    let client = try DaybookClient(configuration(server))
    try await client.connect()
    for await event in client.events {
      guard case .message(let message) = event else { continue }
      try client.markRead(message)
      break
    }
    await client.settled()
    #expect(frames.withLockedValue { $0 } == [.connect, .ack, .read])
    await client.close()
    try await server.close()
  }

  private static let message = EventEncoding.encode(
    Event(
      stream: StreamKey(checked: "user/me")!, seq: Seq(1), messageID: MessageID(7),
      recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: UserID(checked: "bob")),
      body: .messageSent(Message(content: ContentCoding.text("hi")))))
}
