import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("A client with an outbox")
struct OutboxTests {
  /// A server that answers sends, once it is told to, and remembers all of them.
  private final class Server: Sendable {
    let scripted: ScriptedServer
    let sends = NIOLockedValueBox<[SendRequest]>([])
    let arrivals: AsyncStream<Void>

    init(answers: Bool) async throws {
      let (arrivals, arrived) = AsyncStream<Void>.makeStream()
      self.arrivals = arrivals
      let sends = sends
      scripted = try await ScriptedServer { frame, out in
        guard frame.type == .send, let request = try? SendRequest(frameBody: frame.body) else {
          return
        }
        sends.withLockedValue { $0.append(request) }
        arrived.yield()
        guard answers else { return }
        out.writeFrame(.send.reply, sequence: frame.sequence) {
          CommandReply(
            messageID: MessageID(request.context.number), seq: .none,
            recordedAt: Timestamp(milliseconds: 1), repeated: false, changed: true
          ).write(to: &$0)
        }
      }
    }

    func client(_ outbox: any Outbox) throws -> DaybookClient {
      var configuration = ClientConfiguration(
        host: "127.0.0.1", port: scripted.port, token: "t")
      configuration.outbox = outbox
      return try DaybookClient(configuration)
    }

    var texts: [String] {
      sends.withLockedValue { $0 }.map {
        if case .text(let text) = MessageContent(encoded: $0.content) { text } else { "" }
      }
    }
  }

  @Test("what one client left unanswered the next one sends, under the same numbers")
  func handedOn() async throws {
    let outbox = MemoryOutbox()
    let deaf = try await Server(answers: false)
    var client = try deaf.client(outbox)
    let options = SendOptions(
      replyTo: 7, mentions: ["eve"], clientTime: Moment(millisecondsSince1970: 5))
    // Before it is connected, as well.
    let first = try client.send(text: "one", to: .user("bob"), options: options)
    try await client.connect()
    try client.send(.sealed(keyID: "k", nonce: [1], ciphertext: [2]), to: .group("team"))
    try client.send(text: "now or never", to: .user("bob"), options: .init(isTransient: true))
    try await first.kept()
    var arrived = 0
    for await _ in deaf.arrivals {
      arrived += 1
      if arrived == 3 { break }
    }
    await client.close()
    let error = await #expect(throws: ClientError.self) { try await first.stored() }
    #expect(error?.message.contains("outbox") == true)

    let server = try await Server(answers: true)
    client = try server.client(outbox)
    #expect(client.unsent.map(\.id) == [1, 2] && client.nextSendID == 3)
    #expect(client.unsent.map(\.conversation) == [.user("bob"), .group("team")])
    try await client.connect()
    let third = try client.send(text: "three", to: .user("bob"))
    #expect(try await client.unsent[1].stored().messageID == 2)
    #expect(try await third.stored().messageID == 3)
    await client.close()
    #expect(server.texts == ["one", "", "three"])
    let kept = deaf.sends.withLockedValue { $0 }.filter { $0.extras?.isTransient != true }
    #expect(server.sends.withLockedValue { Array($0.prefix(2)) } == kept)
    #expect(Set(kept.map(\.context.origin)).count == 1 && kept[0].context.origin != nil)

    client = try server.client(outbox)
    #expect(client.unsent.isEmpty && client.nextSendID == 4)
    await client.close()
    for one in [deaf, server] { try await one.scripted.close() }
  }

  private struct FullOutbox: Outbox {
    func load() -> OutboxContents { .random() }
    func bind(to owner: String) {}
    func store(_ entries: [OutboxEntry]) throws(ClientError) {
      throw ClientError(.outboxFailed, "no room")
    }
    func remove(_ numbers: [UInt64]) {}
    func release() {}
  }

  @Test("what can't be stored is not sent")
  func full() async throws {
    let server = try await Server(answers: true)
    let client = try server.client(FullOutbox())
    try await client.connect()
    let sent = try client.send(text: "one", to: .user("bob"))
    var error = await #expect(throws: ClientError.self) { try await sent.kept() }
    #expect(error?.code == .outboxFailed)
    error = await #expect(throws: ClientError.self) { try await sent.stored() }
    #expect(error?.code == .outboxFailed)
    await client.settled()
    await client.close()
    #expect(server.texts.isEmpty)
    try await server.scripted.close()
  }

  @Test("another user's outbox is not sent, and ends the session")
  func another() async throws {
    let outbox = MemoryOutbox()
    _ = try outbox.load()
    outbox.bind(to: "user/bob@log")
    outbox.release()
    let server = try await Server(answers: true)
    let client = try server.client(outbox)
    try client.send(text: "one", to: .user("bob"))
    _ = try? await client.connect()
    await client.settled()
    #expect(client.endedBy?.code == .outboxOfAnother)
    await client.close()
    #expect(server.texts.isEmpty)
    let next = try server.client(outbox)
    #expect(next.unsent.map(\.id) == [1], "it is still there")
    try await server.scripted.close()
  }

  @Test(
    "messages that are taken in turn count in their conversation, and one that was not stored leaves no gap"
  )
  func gapless() {
    func kept(_ id: UInt64, to user: String) -> OutboxQueue.Kept {
      OutboxQueue.Kept(
        command: IssuedCommand(
          number: id,
          body: .send(to: .user(UserID(checked: user)), Message(content: ByteBuffer())),
          isGapless: true), token: id, number: id)
    }
    func numbers(_ job: OutboxQueue.Job?) -> [UInt64]? { job?.storing.map(\.command.number) }
    var counts = GaplessNumbers(origin: Origin("process".utf8)!)
    var queue = OutboxQueue(origin: Origin("outbox".utf8)!, owner: nil, kept: [])
    for (id, user) in ["ben", "ben", "eve"].enumerated() {
      queue.add(kept(UInt64(id + 1), to: user))
    }
    var job = queue.next(numbering: &counts)
    #expect(numbers(job) == [1, 2, 1])
    #expect(job?.storing.allSatisfy { $0.command.origin == Origin("process".utf8) } == true)
    queue.add(kept(4, to: "ben"))
    let unstored = queue.done(isBound: true, isStored: false, numbering: &counts)
    #expect(unstored.map(\.number) == [1, 2, 3])
    job = queue.next(numbering: &counts)
    #expect(numbers(job) == [1] && job?.storing.map(\.number) == [4])
    _ = queue.done(isBound: true, isStored: true, numbering: &counts)
    counts.abandon(.user(UserID(checked: "ben")), for: Origin("other".utf8)!)
    queue.add(kept(5, to: "ben"))
    job = queue.next(numbering: &counts)
    #expect(numbers(job) == [1] && job?.storing.first?.command.origin == Origin("other".utf8))
  }

  @Test("a message is sent when it is stored and its owner is known, durably, and no sooner")
  func machine() {
    let origin = Origin("origin".utf8)!
    func kept(_ number: UInt64) -> OutboxQueue.Kept {
      let body = IssuedCommand.Body.join(GroupID(checked: "team"))
      return OutboxQueue.Kept(command: IssuedCommand(number: number, body: body), token: number)
    }
    var numbers = GaplessNumbers(origin: origin)
    var queue = OutboxQueue(origin: origin, owner: nil, kept: [kept(1)])
    var job = queue.next(numbering: &numbers)
    var ready = queue.takeReady()
    #expect(job == nil && ready == [] && !queue.isEmpty)
    queue.add(kept(2))
    job = queue.next(numbering: &numbers)
    #expect(job?.storing == [kept(2)])
    var isTheirs = queue.opened(by: "ann")
    #expect(isTheirs)
    queue.add(kept(3))
    job = queue.next(numbering: &numbers)
    #expect(job == nil, "one job at a time")
    var unstored = queue.done(isBound: true, isStored: true, numbering: &numbers)
    ready = queue.takeReady()
    #expect(unstored == [] && ready == [], "the owner is not written yet")
    job = queue.next(numbering: &numbers)
    #expect(job?.owner == "ann" && job?.storing == [kept(3)])
    unstored = queue.done(isBound: true, isStored: false, numbering: &numbers)
    ready = queue.takeReady()
    #expect(unstored == [kept(3)] && ready == [kept(1), kept(2)])
    #expect(queue.isEmpty && queue.isIdle)
    queue.answered(1)
    job = queue.next(numbering: &numbers)
    #expect(job?.removing == [1])
    _ = queue.done(isBound: true, isStored: true, numbering: &numbers)
    isTheirs = queue.opened(by: "ann")
    let isOthers = queue.opened(by: "bob")
    #expect(isTheirs && !isOthers)
    queue.add(kept(4))
    let left = queue.end()
    #expect(left.unstored == [kept(4)] && left.unsent == [] && queue.isEmpty)
  }
}
