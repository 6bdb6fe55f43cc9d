import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("A client")
struct ClientTests {
  private func configuration(_ server: ScriptedServer) -> ClientConfiguration {
    var configuration = ClientConfiguration.patient(server)
    // What the tests want acked is acked for another reason than that time has passed.
    configuration.ackDelay = .seconds(3600)
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
            $0.quiet = count == 2
          }
        }
        $0.total = 4
        $0.quietTotal = 2
        $0.mentionsTotal = 1
        $0.more = page.more
      }
      out.writeFrame(.unread.reply, sequence: frame.sequence, message: reply)
    }
    let client = try DaybookClient(configuration(server))
    try await client.connect()
    let counts = try await client.unread()
    #expect(
      counts.conversations == [
        ConversationUnread(conversation: .group("a"), unread: 1),
        ConversationUnread(conversation: .user("bob"), unread: 2, isQuiet: true),
        ConversationUnread(conversation: .user("eve"), unread: 3),
      ])
    #expect(counts.total == 4 && counts.quietTotal == 2 && counts.mentionsTotal == 1)
    #expect(counts[.user("bob")]?.unread == 2 && counts[.user("zoe")] == nil)
    await client.close()
    try await server.close()
  }

  /// Pushes bob's message with each of the seqs, and remembers what it is sent.
  private func mailboxServer(
    _ seqs: ClosedRange<UInt64>, _ frames: NIOLockedValueBox<[Frame]>
  ) async throws -> ScriptedServer {
    try await ScriptedServer { frame, out in
      frames.withLockedValue { $0.append(frame) }
      switch frame.type {
      case .connect:
        let following = Daybook_V1_Following.with {
          $0.stream = "user/me"
          $0.headSeq = seqs.upperBound
        }
        out.writeFrame(.following, sequence: 0, message: following)
        for seq in seqs { out.writeFrame(.event, sequence: 0, body: ClientTests.message(seq)) }
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
  }

  @Test("acks what it has received before it says that it is read")
  func ackBeforeRead() async throws {
    let frames = NIOLockedValueBox<[Frame]>([])
    let server = try await mailboxServer(1...1, frames)
    var configuration = configuration(server)
    configuration.acknowledgement = .immediate
    let client = try DaybookClient(configuration)
    try await client.connect()
    for await event in client.events {
      guard case .message(let message) = event else { continue }
      try client.markRead(message)
      break
    }
    await client.settled()
    #expect(frames.withLockedValue { $0.map(\.type) } == [.connect, .ack, .read])
    await client.close()
    try await server.close()
  }

  @Test(
    "closing acks what was acknowledged, and nothing else that was handed out",
    arguments: [
      (Acknowledgement.immediate, 3), (.afterBody, 2), (.manual, 1),
    ] as [(Acknowledgement, UInt64)])
  func closing(acknowledgement: Acknowledgement, acked: UInt64) async throws {
    let frames = NIOLockedValueBox<[Frame]>([])
    let server = try await mailboxServer(1...5, frames)
    var configuration = configuration(server)
    configuration.acknowledgement = acknowledgement
    let client = try DaybookClient(configuration)
    try await client.connect()
    for await event in client.events {
      guard case .message(let message) = event else { continue }
      if message.seq == 1 { client.acknowledge(message) }
      if message.seq == 3 { break }
    }
    await client.close()
    while !frames.withLockedValue({ $0.contains { $0.type == .disconnect } }) { await Task.yield() }
    try await server.close()
    let acks = frames.withLockedValue { $0 }.filter { $0.type == .ack }
    #expect(try acks.map { try AckRequest(frameBody: $0.body).upTo } == [Seq(acked)])
  }

  /// What a server got, but for the session's own frames.
  private func requests(
    _ server: @escaping @Sendable (Frame, inout ByteBuffer) -> Void,
    _ body: (DaybookClient) async throws -> Void
  ) async throws -> [Frame] {
    let frames = NIOLockedValueBox<[Frame]>([])
    let scripted = try await ScriptedServer { frame, out in
      frames.withLockedValue { $0.append(frame) }
      server(frame, &out)
      guard FrameType.commands.contains(frame.type) else { return }
      out.writeFrame(frame.type.reply, sequence: frame.sequence) {
        CommandReply(
          messageID: .none, seq: .none, recordedAt: Timestamp(milliseconds: 1), repeated: false,
          changed: frame.type != .block, pending: frame.type == .join
        ).write(to: &$0)
      }
    }
    let client = try DaybookClient(configuration(scripted))
    try await client.connect()
    try await body(client)
    await client.settled()
    await client.close()
    try await scripted.close()
    return frames.withLockedValue { $0 }.filter {
      ![.connect, .disconnect, .ack].contains($0.type)
    }
  }

  private func isUnmark(_ frame: Frame, _ conversation: String) -> Bool {
    guard frame.type == .mark, let mark = try? Daybook_V1_MarkRequest(frameBody: frame.body)
    else { return false }
    return mark.conversation == conversation && mark.hasUnread && !mark.unread && !mark.hasQuiet
  }

  @Test("takes the mark of a conversation back with its reading, once, and only where there is one")
  func unmarks() async throws {
    let frames = try await requests({ frame, out in
      guard frame.type == .conversations else { return }
      let reply = Daybook_V1_ConversationsReply.with {
        $0.conversations = [
          .with {
            $0.conversation = "user/bob"
            $0.unread = true
          },
          .with {
            $0.conversation = "user/eve"
            $0.pinned = true
          },
        ]
      }
      out.writeFrame(.conversations.reply, sequence: frame.sequence, message: reply)
    }) { client in
      let marked = try await client.conversations()
      #expect(marked.map(\.isMarkedUnread) == [true, false])
      #expect(marked.map(\.isPinned) == [false, true])
      try client.markRead(.user("eve"), upToSeq: 3)
      try client.markRead(.user("bob"), upToSeq: 3)
      try client.markRead(.user("bob"), upToSeq: 3)
      await client.settled()
      // What this client itself marks it knows without being told; seq 0 reads nothing.
      try await client.mark(.group("team"), isUnread: true)
      try client.markRead(.group("team"), upToSeq: 0)
    }
    #expect(
      frames.map(\.type) == [.conversations, .read, .read, .mark, .mark, .mark], "\(frames)")
    #expect(isUnmark(frames[3], "user/bob") && isUnmark(frames[5], "group/team"))
  }

  @Test("forgets a mark when it is told that it was taken back, or that something was read")
  func forgetsMarks() {
    let bob = UserID(checked: "bob")
    let team = GroupID(checked: "team")
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 0)
    let unread = ConversationMarks(isUnread: true)
    server.event(1, .conversationMarked(.user(bob), unread))
    server.event(2, .conversationMarked(.group(team), unread))
    server.event(3, .conversationMarked(.user(UserID(checked: "eve")), unread))
    #expect(server.core.markedUnread.count == 3)
    server.event(4, .read(peer: bob, upTo: Seq(1)))
    server.event(5, .groupRead(team, upTo: Seq(1)))
    #expect(server.core.markedUnread == [StreamKey(checked: "user/eve")!])
    server.event(6, .conversationMarked(.user(UserID(checked: "eve")), .none))
    #expect(server.core.markedUnread.isEmpty)
  }

  @Test("says what came of a command, and refuses ids that are none before it is sent")
  func outcomes() async throws {
    let frames = try await requests({ _, _ in }) { client in
      let joined = try await client.join(group: "team")
      let changed = [try await client.block("bob"), try await client.recall(7, in: .user("bob"))]
      #expect(joined == .pending && changed == [false, true])
      await #expect(throws: ClientError.self) { try await client.invite("a b", to: "team") }
      await #expect(throws: ClientError.self) { try await client.change(group: "a/b", title: "") }
      #expect(throws: ClientError.self) {
        try client.send(
          text: "hi", to: .user("bob"), options: SendOptions(mentions: ["no user"]))
      }
      #expect(throws: ClientError.self) {
        try client.send(text: "hi", to: .user("bob"), options: SendOptions(keepDays: 0))
      }
    }
    #expect(frames.map(\.type) == [.join, .block, .recall])
  }

  private static func message(_ seq: UInt64) -> ByteBuffer {
    EventEncoding.encode(
      Event(
        stream: StreamKey(checked: "user/me")!, seq: Seq(seq), messageID: MessageID(6 + seq),
        recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: UserID(checked: "bob")),
        body: .messageSent(Message(content: ContentCoding.text("hi")))))
  }
}
