import DaybookModel
import DaybookSchema
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("A session")
struct SessionCoreTests {
  @Test("a session that an abandoned connection of its own replaced is opened again, once")
  func replacedByItself() {
    var peer = Peer()
    peer.core.opened()
    peer.core.connectionLost()
    _ = peer.take()
    peer.connect()
    _ = peer.core.takeActions()
    let closing = Daybook_V1_Closing.with {
      $0.error = DaybookError(.sessionReplaced, "elsewhere").errorReply
    }
    let body = ByteBuffer(bytes: closing.wireBytes())
    peer.push(.closing, body)
    guard case .reconnect? = peer.core.takeActions().first else {
      Issue.record("the first time it was its own doing")
      return
    }
    peer.core.connectionLost()
    peer.connect()
    _ = peer.core.takeActions()
    peer.push(.closing, body)
    guard case .stop? = peer.core.takeActions().first else {
      Issue.record("the second time it was another's")
      return
    }
  }

  @Test("where the server waits for an ack, what is due is to go out at once")
  func awaitedAck() {
    var peer = Peer()
    peer.connect()
    peer.following(cursor: 0, head: 2)
    peer.message(1)
    peer.push(.behind, ByteBuffer())
    #expect(!peer.take().wantsAcks)
    let awaiting = Daybook_V1_AwaitingAck.with { ($0.stream, $0.upToSeq) = ("user/me", 1) }
    peer.push(.awaitingAck, ByteBuffer(bytes: awaiting.wireBytes()))
    #expect(peer.take().wantsAcks)
  }

  @Test("a Connect that was answered, or given up long ago, replaces no session")
  func replacedByAnother() {
    let closing = Daybook_V1_Closing.with {
      $0.error = DaybookError(.sessionReplaced, "elsewhere").errorReply
    }
    func isOver(_ peer: inout Peer) -> Bool {
      _ = peer.core.takeActions()
      peer.push(.closing, ByteBuffer(bytes: closing.wireBytes()))
      if case .stop? = peer.core.takeActions().first { return true }
      return false
    }
    var refused = Peer()
    refused.core.opened()
    let sequence = refused.take().sequences[0]
    let error = DaybookError(.overloaded, "not now").errorReply
    refused.core.receive(
      Frame(type: .error, sequence: sequence, body: ByteBuffer(bytes: error.wireBytes())))
    refused.core.connectionLost()
    refused.connect()
    #expect(isOver(&refused))

    var late = Peer()
    late.core.opened()
    late.core.connectionLost()
    _ = late.take()
    late.connect()
    late.core.heartbeat()
    late.core.heartbeat()
    #expect(isOver(&late))
  }

  @Test("conversations are the same if their bytes are")
  func conversations() {
    let (composed, decomposed) = (
      Conversation.group("caf\u{E9}"), Conversation.group("cafe\u{301}")
    )
    #expect(composed != decomposed && Set([composed, decomposed]).count == 2)
    #expect(composed == .group("caf\u{E9}") && Conversation.user("a") != .group("a"))
  }

  @Test("asks for the session first, and sends commands when it has it, in order")
  func connect() {
    var server = Peer()
    server.core.issue(.join(GroupID(checked: "a")), token: 1)
    server.core.flush()
    #expect(server.take().commands == [])
    server.connect()
    let taken = server.take()
    #expect(taken.commands.map(\.number) == [1])
    #expect(taken.events.first?.isConnected == true)
  }

  @Test("sends again what is unanswered under the same numbers, and answers each once")
  func resend() {
    var server = Peer()
    server.connect()
    for token in 1...3 as ClosedRange<UInt64> {
      server.core.issue(.join(GroupID(checked: "g\(token)")), token: token)
    }
    server.core.flush()
    let first = server.take()
    #expect(first.commands.map(\.number) == [1, 2, 3])
    server.reply(to: first.sequences[1], .join)
    #expect(server.take().answered == [2])
    server.core.connectionLost()
    server.connect()
    let second = server.take()
    #expect(second.commands == [first.commands[0], first.commands[2]])
    for sequence in second.sequences { server.reply(to: sequence, .join, repeated: true) }
    #expect(server.take().answered == [1, 3])
  }

  @Test("tells messages once and in order, though frames come doubled, reordered and lost")
  func events() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 5)
    for seq in [2, 1, 1, 5, 2] as [UInt64] { server.message(seq) }
    var taken = server.take()
    #expect(taken.texts == ["m1", "m2"])
    #expect(taken.fetches == ["user/me 1...1"])
    server.fetched(taken.sequences.last!, [1], next: 0)
    taken = server.take()
    #expect(taken.texts == [])
    #expect(taken.reconnect == nil)
    #expect(taken.fetches == ["user/me 3...4"])
    server.fetched(taken.sequences.last!, [3, 4], next: 0)
    taken = server.take()
    #expect(taken.texts == ["m3", "m4", "m5"])
    #expect(taken.fetches == [])
    server.core.connectionLost()
    server.connect()
    server.following(cursor: 2, head: 6)
    for seq in [3, 4, 5, 6] as [UInt64] { server.message(seq) }
    #expect(server.take().texts == ["m6"])
  }

  @Test("takes a fetch in pages, and ranges that may not be seen as explained")
  func pages() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 9)
    server.message(8)
    var taken = server.take()
    #expect(taken.fetches == ["user/me 1...7"])
    server.fetched(taken.sequences.last!, [1, 2], next: 3)
    taken = server.take()
    #expect(taken.texts == ["m1", "m2"])
    #expect(taken.fetches == ["user/me 3...7"])
    server.fetched(taken.sequences.last!, [7], hidden: 3...6, next: 0)
    #expect(server.take().texts == ["m7", "m8"])
  }

  @Test("acks only what was handed on, cumulatively, and again after a reconnect that lost it")
  func acks() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 3)
    for seq in 1...3 as ClosedRange<UInt64> { server.message(seq) }
    #expect(server.take().acks == [])
    let mailbox = StreamKey(checked: "user/me")!
    server.core.handed(mailbox, upTo: Seq(2))
    server.core.handed(mailbox, upTo: Seq(2))
    #expect(server.take().acks == ["user/me 2"])
    server.core.connectionLost()
    server.core.handed(mailbox, upTo: Seq(3))
    server.connect()
    #expect(server.take().acks == [])
    server.following(cursor: 1, head: 3)
    #expect(server.take().acks == ["user/me 3"])
  }

  @Test("acks again when the server sends again what was handed on, for then an ack was lost")
  func acksAgain() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 3)
    for seq in 1...3 as ClosedRange<UInt64> { server.message(seq) }
    let mailbox = StreamKey(checked: "user/me")!
    server.core.handed(mailbox, upTo: Seq(3))
    #expect(server.take().acks == ["user/me 3"])
    server.core.connectionLost()
    server.connect()
    server.following(cursor: 0, head: 3)
    #expect(server.take().acks == ["user/me 3"])
    for seq in 1...3 as ClosedRange<UInt64> { server.message(seq) }
    let taken = server.take()
    #expect(taken.texts == [])
    #expect(taken.points == [1, 2, 3])
    server.core.handed(mailbox, upTo: Seq(3))
    server.core.handed(mailbox, upTo: Seq(3))
    #expect(server.take().acks == ["user/me 3"])
  }

  @Test("passes over events of kinds that it doesn't know, and what follows them still comes")
  func unknownKind() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 2)
    let unknown = Daybook_V1_Event.with {
      $0.stream = "user/me"
      $0.seq = 1
    }
    server.push(.event, ByteBuffer(bytes: unknown.wireBytes()))
    server.message(2)
    let taken = server.take()
    #expect(taken.texts == ["m2"])
    #expect(taken.points == [1, 2])
  }

  @Test("tells once that commands are turned away, until one succeeds")
  func delayedOnce() {
    var server = Peer()
    server.connect()
    for token in 1...3 as ClosedRange<UInt64> {
      server.core.issue(.join(GroupID(checked: "g\(token)")), token: token)
    }
    server.core.flush()
    for sequence in server.take().sequences.suffix(3) { server.error(sequence, .storageFull) }
    var taken = server.take()
    #expect(taken.delays == 1 && taken.wantsRetry)
    server.core.retryTurnedAway()
    var sequences = server.take().sequences
    for sequence in sequences { server.error(sequence, .storageFull) }
    taken = server.take()
    #expect(taken.delays == 0 && taken.wantsRetry)
    server.core.retryTurnedAway()
    sequences = server.take().sequences
    server.reply(to: sequences[0], .join)
    server.error(sequences[1], .storageFull)
    #expect(server.take().delays == 1)
  }

  @Test("sends nothing before the time that the server has stated, on a later connection neither")
  func retryAfter() {
    var server = Peer()
    server.connect()
    server.core.issue(.join(GroupID(checked: "a")), token: 1)
    server.core.flush()
    let sequence = server.take().sequences.last!
    server.error(sequence, .overloaded, retryAfter: .seconds(30))
    #expect(server.take().retriesAfter == [.seconds(30)])
    server.core.issue(.join(GroupID(checked: "b")), token: 2)
    server.core.flush()
    #expect(server.take().commands == [])
    server.core.connectionLost()
    server.connect()
    server.core.flush()
    #expect(server.take().commands == [])
    server.core.retryTurnedAway()
    #expect(server.take().commands.map(\.number) == [1, 2])
  }

  @Test("fetches what is announced to it, each once, and acks what was taken")
  func pulls() {
    var settings = ConnectionSettings()
    settings.pulls = true
    var server = Peer(settings)
    server.connect()
    server.following(cursor: 0, head: 2)
    var taken = server.take()
    #expect(taken.fetches == ["user/me 1...2"])
    let behind = Daybook_V1_Behind.with {
      $0.streams = [
        .with {
          $0.stream = "user/me"
          $0.headSeq = 4
        }
      ]
    }
    server.push(.behind, ByteBuffer(bytes: behind.wireBytes()))
    let first = taken.sequences.last!
    taken = server.take()
    #expect(taken.fetches == [])
    server.fetched(first, [1, 2], next: 0)
    taken = server.take()
    #expect(taken.texts == ["m1", "m2"] && taken.fetches == ["user/me 3...4"])
    server.fetched(taken.sequences.last!, [3, 4], next: 0)
    #expect(server.take().texts == ["m3", "m4"])
    server.core.handed(StreamKey(checked: "user/me")!, upTo: Seq(4))
    #expect(server.take().acks == ["user/me 4"])
  }

  @Test("reads frames out of a compressed one, if it has asked for that", arguments: [true, false])
  func compressed(isAsked: Bool) {
    var settings = ConnectionSettings()
    settings.deflates = isAsked
    var server = Peer(settings)
    server.connect()
    server.following(cursor: 0, head: 0)
    _ = server.take()
    let text = String(repeating: "the same again ", count: 200)
    let event = Event(
      stream: StreamKey(checked: "user/me")!, seq: Seq(1), messageID: MessageID(1),
      recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: UserID(checked: "bob")),
      body: .messageSent(Message(content: ContentCoding.text(text))))
    var frame = ByteBuffer()
    frame.writeFrame(.event, sequence: 0, body: EventEncoding.encode(event))
    var decoder = FrameDecoder()
    for chunk in FrameCompression.deflate([frame]) { decoder.append(chunk) }
    while let compressed = try? decoder.next() { server.core.receive(compressed) }
    #expect(server.take().texts == (isAsked ? [text] : []))
  }

  @Test("a compressed frame that can't be read ends the connection")
  func tornCompressed() {
    var settings = ConnectionSettings()
    settings.deflates = true
    var server = Peer(settings)
    server.connect()
    server.push(.compressed, ByteBuffer(bytes: [8, 1]))
    #expect(server.take().reconnect != nil)
  }

  @Test("keeps a command that was turned away for now, and fails one that was refused")
  func errors() {
    var server = Peer()
    server.connect()
    server.core.issue(.join(GroupID(checked: "a")), token: 1)
    server.core.issue(.join(GroupID(checked: "b")), token: 2)
    server.core.flush()
    let sequences = server.take().sequences
    server.error(sequences[0], .storageFull)
    server.error(sequences[1], .groupNotFound)
    var taken = server.take()
    #expect(taken.failed == ["2 group_not_found"])
    #expect(taken.wantsRetry)
    server.core.retryTurnedAway()
    taken = server.take()
    #expect(taken.commands.map(\.number) == [1])
  }

  @Test(
    "gives up on errors that trying again doesn't mend, and only on those",
    arguments: [
      (ErrorCode.invalidToken, true), (.expiredToken, true), (.foreignToken, true),
      (.tokenRevoked, true), (.deviceDisplaced, true), (.sessionReplaced, true),
      (.serverStopping, false), (.overloaded, false),
    ])
  func finalErrors(code: ErrorCode, isFinal: Bool) {
    var server = Peer()
    server.core.opened()
    server.error(server.take().sequences[0], code)
    let taken = server.take()
    #expect(taken.stop == (isFinal ? code : nil))
    #expect(taken.reconnect == (isFinal ? nil : code))
  }

  @Test("stops at a log that was rolled back or exchanged")
  func rolledBack() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 2)
    for seq in 1...2 as ClosedRange<UInt64> { server.message(seq) }
    server.core.connectionLost()
    server.connect()
    server.following(cursor: 0, head: 1)
    #expect(server.take().stop == .logRolledBack)
    var other = Peer()
    other.connect()
    other.core.connectionLost()
    other.connect(logID: "another")
    #expect(other.take().stop == .logRolledBack)
    // So is a device that was forgotten while it was away.
    var forgotten = Peer()
    forgotten.connect()
    forgotten.core.connectionLost()
    forgotten.connect(registration: 7)
    #expect(forgotten.take().stop == .deviceForgotten)
  }

  @Test("at the end fails all that is unanswered, commands and questions")
  func end() {
    var server = Peer()
    server.connect()
    server.core.issue(.join(GroupID(checked: "a")), token: 1)
    server.core.query(5, .unread, body: ByteBuffer())
    server.core.flush()
    _ = server.take()
    server.core.end(DaybookError(.expiredToken, "it is over"))
    let taken = server.take()
    #expect(taken.failed == ["1 expired_token"])
    #expect(taken.questionsFailed == [5])
  }

  @Test("asks a question again after a reconnect, and answers it once")
  func questions() {
    var server = Peer()
    server.connect()
    server.core.query(5, .unread, body: ByteBuffer())
    #expect(server.take().requests == [.unread])
    server.core.connectionLost()
    server.connect()
    let taken = server.take()
    #expect(taken.requests == [.unread])
    for _ in 0..<2 {
      server.core.receive(
        Frame(type: .unread.reply, sequence: taken.sequences.last!, body: ByteBuffer()))
    }
    #expect(server.take().questionsAnswered == [5])
  }

  @Test("watches in the next session whom it was told to watch in this one")
  func watching() {
    var server = Peer()
    server.connect()
    server.core.watch(["bob"])
    _ = server.take()
    server.core.connectionLost()
    server.connect()
    let taken = server.take()
    #expect(taken.requests == [.online])
    let reply = Daybook_V1_OnlineReply.with {
      $0.users = [
        .with {
          $0.user = "bob"; $0.online = true; $0.devices = ["phone"]
        }
      ]
    }
    server.core.receive(
      Frame(
        type: .online.reply, sequence: taken.sequences.last!,
        body: ByteBuffer(bytes: reply.wireBytes())))
    #expect(server.take().events == [.presence(UserPresence(reply.users[0]))])
    let gone = Daybook_V1_Presence.with {
      $0.user = "bob"
      $0.lastSeenMs = 5
    }
    server.push(.presence, ByteBuffer(bytes: gone.wireBytes()))
    guard case .presence(let presence)? = server.take().events.first else {
      Issue.record("no presence is told")
      return
    }
    #expect(
      !presence.isOnline && presence.devices == []
        && presence.lastSeen == Moment(millisecondsSince1970: 5))
  }

  @Test("watches more users again than a request may name with several requests")
  func watchingMany() throws {
    var server = Peer()
    server.connect()
    let users = (0..<2 * Limits.onlineUsersMax + 1).map { "u\($0)" }
    server.core.watch(users)
    server.core.connectionLost()
    server.connect()
    let bodies = server.core.takeActions().compactMap { action -> ByteBuffer? in
      if case .write(.bytes(.online, let body), _) = action { body } else { nil }
    }
    let requests = try bodies.map { try Daybook_V1_OnlineRequest(frameBody: $0) }
    #expect(requests.map(\.users.count) == [Limits.onlineUsersMax, Limits.onlineUsersMax, 1])
    #expect(requests.allSatisfy { $0.watch })
    #expect(requests.flatMap(\.users).sorted() == users.sorted())
  }
}
