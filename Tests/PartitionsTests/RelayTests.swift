import DaybookModel
import DaybookSchema
import NIOPosix
import Ports
import Testing

@testable import Partitions

@Suite("owners and relay over a log in memory", .timeLimit(.minutes(1)))
struct RelayTests {
  let log = MemoryLog(partitions: 8)
  let snapshots = MemorySnapshots()

  func service() -> PartitionService {
    PartitionService(
      log: log, snapshots: snapshots, clock: FixedClock(), blocking: PoolWork(),
      group: MultiThreadedEventLoopGroup.singleton, report: { _ in })
  }

  func send(_ number: UInt64, from sender: UserID, to receiver: UserID) -> Command {
    Command(
      stream: .user(receiver), actor: Actor(user: sender),
      id: NumberedOrigin(origin: Origin(sender.text.utf8)!, number: number),
      body: .send(message("\(number)")))
  }

  /// All events of all partitions of one kind.
  func events(_ kind: EventKind) throws -> [Event] {
    var found: [Event] = []
    for index in 0..<log.partitionCount {
      var next = Offset.zero
      while case let batches = try log.read(PartitionID(index), from: next, bytesMax: 1),
        !batches.isEmpty
      {
        for batch in batches {
          try batch.forEachEvent { _, bytes throws(DaybookError) in
            let event = try EventDecoding.decode(bytes)
            if event.kind == kind { found.append(event) }
          }
          next = batch.nextOffset
        }
      }
    }
    return found
  }

  @Test("a direct message leaves one copy in its sender's mailbox, with the same id")
  func copy() async throws {
    let service = service()
    let copies = Watch(.messageCopied)
    service.subscribe(copies)
    _ = try await service.start()
    let outcome = try await Answers().ask(send(1, from: alice, to: bob), of: service).get()
    await copies.count(reaches: 1)
    let copy = try #require(try events(.messageCopied).first)
    #expect(copy.stream == .user(alice))
    #expect(copy.messageID == outcome.messageID)
    guard case .messageCopied(_, let to, let peerSeq) = copy.body else { return }
    #expect(to == bob && peerSeq == outcome.seq)
    await service.stop()
  }

  @Test("a restart relays what was missed and nothing twice", arguments: [true, false])
  func restart(keepSnapshot: Bool) async throws {
    for round in 0..<5 {
      let service = service()
      let copies = Watch(.messageCopied)
      service.subscribe(copies)
      _ = try await service.start()
      let answers = Answers()
      for number in 1...20 {
        _ = await answers.ask(
          send(UInt64(round * 20 + number), from: alice, to: UserID(checked: "peer\(number)")),
          of: service)
      }
      // Stopping does not wait for the relay: what it had not delivered is left for the next.
      await service.stop()
      if !keepSnapshot { snapshots.forget() }
    }
    let last = service()
    let copies = Watch(.messageCopied)
    last.subscribe(copies)
    let before = try events(.messageCopied).count
    _ = try await last.start()
    await copies.count(reaches: 100 - before)
    await last.stop()
    let ids = try events(.messageCopied).map(\.messageID)
    #expect(ids.count == 100)
    #expect(Set(ids).count == 100)
    #expect(Set(ids) == Set(try events(.messageSent).map(\.messageID)))
  }

  @Test("a destination with a full disk gets its effects, in order, when there is room")
  func fullDisk() async throws {
    let service = service()
    let copies = Watch(.messageCopied)
    service.subscribe(copies)
    _ = try await service.start()
    let home = StreamKey.user(alice).partition(of: 8)
    let elsewhere = try #require(
      (0..<100).map { UserID(checked: "peer\($0)") }.first {
        StreamKey.user($0).partition(of: 8) != home
      })
    log.fail(home, with: DaybookError(.storageFull, "no room"))
    let answers = Answers()
    for number in 1...30 {
      _ = try await answers.ask(send(UInt64(number), from: alice, to: elsewhere), of: service).get()
    }
    log.fail(home, with: nil)
    await copies.count(reaches: 30)
    let ids = try events(.messageCopied).map(\.messageID)
    #expect(ids == ids.sorted() && Set(ids).count == 30)
    await service.stop()
  }

  @Test("a failed batch is refused to everyone in it, and leaves no trace in the state")
  func failedBatch() async throws {
    let service = service()
    _ = try await service.start()
    let answers = Answers()
    let home = StreamKey.user(bob).partition(of: 8)
    log.fail(home, with: DaybookError(.storageFull, "no room"))
    let refused = await answers.ask(send(1, from: alice, to: bob), of: service)
    guard case .failure(let error) = refused else { return #expect(Bool(false), "was accepted") }
    #expect(error.code == .storageFull)
    log.fail(home, with: nil)
    var outcome = await answers.ask(send(1, from: alice, to: bob), of: service)
    while case .failure(let error) = outcome {
      #expect(error.code.isTemporary)
      outcome = await answers.ask(send(1, from: alice, to: bob), of: service)
    }
    let accepted = try outcome.get()
    #expect(accepted.seq == Seq(1) && !accepted.repeated)
    await service.stop()
  }

  @Test("receipts flow back: delivered, then read")
  func receipts() async throws {
    let service = service()
    let delivered = Watch(.messagesDelivered)
    let read = Watch(.messagesRead)
    service.subscribe(delivered)
    service.subscribe(read)
    _ = try await service.start()
    let answers = Answers()
    let actor = Actor(user: bob, device: phone)
    let mailbox = StreamKey.user(bob)
    _ = await answers.ask(
      Command(stream: mailbox, actor: actor, id: nil, body: .openCursor), of: service)
    let sent = try await answers.ask(send(1, from: alice, to: bob), of: service).get()
    _ = await answers.ask(
      Command(stream: mailbox, actor: actor, id: nil, body: .ack(upTo: sent.seq)), of: service)
    await delivered.count(reaches: 1)
    _ = await answers.ask(
      Command(
        stream: mailbox, actor: actor,
        id: NumberedOrigin(origin: Origin("bob".utf8)!, number: 1),
        body: .read(peer: alice, upTo: sent.seq)), of: service)
    await read.count(reaches: 1)
    #expect(try events(.messagesDelivered).map(\.stream) == [.user(alice)])
    #expect(try events(.messagesRead).map(\.stream) == [.user(alice)])
    await service.stop()
  }
}
