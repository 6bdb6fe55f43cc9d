import DaybookModel
import DaybookSchema
import Doubles
import Logging
import NIOCore
import NIOPosix
import Ports
import Testing

@testable import Partitions

@Suite("owners and relay over a log in memory", .timeLimit(.minutes(30)))
struct RelayTests {
  let log = MemoryLog(partitions: 8, readBatchesMax: 3)
  let snapshots = MemorySnapshots()

  func service() -> PartitionService {
    PartitionService(
      log: log, snapshots: snapshots, clock: fixedClock(), blocking: InlineWork(),
      group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
  }

  func send(_ number: UInt64, from sender: UserID, to receiver: UserID) -> Command {
    Command(
      stream: .user(receiver), actor: Actor(user: sender),
      id: NumberedOrigin(origin: Origin(sender.text.utf8)!, number: number),
      body: .send(message("\(number)")))
  }

  @Test("a direct message leaves one copy in its sender's mailbox, with the same id")
  func copy() async throws {
    let service = service()
    let copies = Watch(.messageCopied)
    service.subscribe(copies)
    _ = try await service.start()
    let outcome = try await Answers().ask(send(1, from: alice, to: bob), of: service).get()
    await copies.count(reaches: 1)
    let copy = try #require(log.events(.messageCopied).first)
    #expect(copy.stream == .user(alice))
    #expect(copy.messageID == outcome.messageID)
    #expect(copy.body == .messageCopied(message("1"), to: bob))
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
    let before = log.events(.messageCopied).count
    _ = try await last.start()
    await copies.count(reaches: 100 - before)
    await last.stop()
    let ids = log.events(.messageCopied).map(\.messageID)
    #expect(ids.count == 100)
    #expect(Set(ids).count == 100)
    #expect(Set(ids) == Set(log.events(.messageSent).map(\.messageID)))
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
    log.fail(.append, in: home, with: DaybookError(.storageFull, "no room"))
    let answers = Answers()
    for number in 1...30 {
      _ = try await answers.ask(send(UInt64(number), from: alice, to: elsewhere), of: service).get()
    }
    log.heal(home)
    await copies.count(reaches: 30)
    let ids = log.events(.messageCopied).map(\.messageID)
    #expect(ids == ids.sorted() && Set(ids).count == 30)
    await service.stop()
  }

  @Test("a failed batch is refused to everyone in it, and leaves no trace in the state")
  func failedBatch() async throws {
    let service = service()
    _ = try await service.start()
    let answers = Answers()
    let home = StreamKey.user(bob).partition(of: 8)
    log.fail(.append, in: home, with: DaybookError(.storageFull, "no room"))
    let refused = await answers.ask(send(1, from: alice, to: bob), of: service)
    guard case .failure(let error) = refused else { return #expect(Bool(false), "was accepted") }
    #expect(error.code == .storageFull)
    log.heal(home)
    var outcome = await answers.ask(send(1, from: alice, to: bob), of: service)
    while case .failure(let error) = outcome {
      #expect(error.code.isTemporary)
      outcome = await answers.ask(send(1, from: alice, to: bob), of: service)
    }
    let accepted = try outcome.get()
    #expect(accepted.seq == Seq(1) && !accepted.repeated)
    await service.stop()
  }

  @Test("where nothing can be logged, what needs no event is still answered")
  func readingGoesOn() async throws {
    let service = service()
    _ = try await service.start()
    let answers = Answers()
    let mailbox = StreamKey.user(bob)
    let open = Command(
      stream: mailbox, actor: Actor(user: bob, device: phone), id: nil,
      body: .openCursor())
    _ = try await answers.ask(open, of: service).get()
    let sent = try await answers.ask(send(1, from: alice, to: bob), of: service).get()
    log.fail(
      .append, in: mailbox.partition(of: 8), with: DaybookError(.partitionReadOnly, "told to be"))
    guard case .failure = await answers.ask(send(2, from: alice, to: bob), of: service) else {
      Issue.record("was accepted")
      return
    }
    // Until the state is loaded anew nothing can be told.
    var again = await answers.ask(open, of: service)
    while case .failure = again { again = await answers.ask(open, of: service) }
    #expect(try again.get().position().head == sent.seq)
    let retry = try await answers.ask(send(1, from: alice, to: bob), of: service).get()
    #expect(retry.repeated && retry.messageID == sent.messageID)
    guard case .failure(let error) = await answers.ask(send(3, from: alice, to: bob), of: service)
    else {
      Issue.record("was accepted")
      return
    }
    #expect(error.code == .partitionReadOnly)
    await service.stop()
  }

  @Test("what was on its way behind a command that was turned away doesn't overtake it")
  func order() throws {
    var desk = PartitionDesk(PartitionState(partition: PartitionID(0)), headerBytes: 16)
    let full = DaybookError(.storageFull, "no room")
    let answers = Answers()
    func pending(_ number: UInt64, _ body: Command.Body) -> PendingCommand {
      PendingCommand(
        Command(
          stream: .group(ubuntu), actor: Actor(user: alice),
          id: NumberedOrigin(origin: Origin("alice".utf8)!, number: number), body: body),
        receiver: answers, token: number)
    }
    func outcomes() -> [ErrorCode?] {
      var codes: [ErrorCode?] = []
      while let batch = desk.next() {
        for answer in batch.answers.flatMap(\.answers) {
          if case .failure(let error) = answer.outcome {
            codes.append(error.code)
          } else {
            codes.append(nil)
          }
        }
      }
      return codes
    }
    let create = pending(1, .createGroup(GroupSettings(title: "")))
    let (first, second) = (pending(2, .send(message("1"))), pending(3, .send(message("2"))))
    // A send to a group whose creation was turned away is no reason to reject it for good.
    desk.take([create, first], now: start, uptime: start, refusing: full)
    desk.take([second], now: start, uptime: start)
    #expect(outcomes() == [.storageFull, .storageFull, .overloaded])
    desk.take([create, first, second], now: start, uptime: start)
    #expect(outcomes() == [nil, nil, nil])

    // Nor does what is sent behind the first retry, while the second is still on its way.
    desk.take([pending(4, .send(message("3")))], now: start, uptime: start, refusing: full)
    desk.take([pending(5, .send(message("4")))], now: start, uptime: start)
    desk.take(
      [pending(4, .send(message("3"))), pending(6, .send(message("5")))], now: start, uptime: start)
    desk.take(
      [pending(5, .send(message("4"))), pending(6, .send(message("5")))], now: start, uptime: start)
    #expect(outcomes() == [.storageFull, .overloaded, nil, .overloaded, nil, nil])

    // What is answered though nothing can be logged has come again.
    let pushed = pending(20, .sendTransient(message("4")))
    let failed = [pushed, pending(21, .send(message("5")))]
    let durable = desk.state
    desk.take(failed, now: start, uptime: start)
    _ = desk.restart(durable, after: desk.next()!, uptime: start)
    desk.take(failed, now: start, uptime: start, refusing: full)
    desk.take([pending(21, .send(message("5")))], now: start, uptime: start)
    #expect(outcomes() == [nil, .storageFull, nil])

    // Who doesn't come again is not waited for longer than so.
    desk.take([pending(27, .send(message("3")))], now: start, uptime: start, refusing: full)
    let later = Timestamp(milliseconds: start.milliseconds + HeldBack.milliseconds + 1)
    desk.take([pending(28, .send(message("4")))], now: later, uptime: later)
    #expect(outcomes() == [.storageFull, nil])
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
      Command(stream: mailbox, actor: actor, id: nil, body: .openCursor()), of: service)
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
    let position = NoticePosition.message(sent.messageID)
    for (kind, body) in [
      (EventKind.messagesDelivered, Event.Body.messagesDelivered(by: bob, upTo: position)),
      (.messagesRead, .messagesRead(by: bob, upTo: position)),
    ] {
      let told = log.events(kind)
      #expect(told.map(\.stream) == [.user(alice)] && told.map(\.body) == [body])
    }
    await service.stop()
  }
}

@Suite("a destination that refuses", .timeLimit(.minutes(30)))
struct RefusingDestinationTests {
  let log = MemoryLog(partitions: 8, readBatchesMax: 3)
  let snapshots = MemorySnapshots()

  /// With one loop, a refusal comes back before the delivery has returned.
  func service(threads: Int) -> (PartitionService, MultiThreadedEventLoopGroup) {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    let service = PartitionService(
      log: log, snapshots: snapshots, clock: fixedClock(), blocking: InlineWork(),
      group: group,
      logger: .silent)
    return (service, group)
  }

  func send(_ number: UInt64, from sender: UserID, to receiver: UserID) -> Command {
    Command(
      stream: .user(receiver), actor: Actor(user: sender),
      id: NumberedOrigin(origin: Origin(sender.text.utf8)!, number: number),
      body: .send(message("\(number)")))
  }

  func user(in partition: PartitionID, _ prefix: String) -> UserID {
    (0...).lazy.map { UserID(checked: "\(prefix)\($0)") }.first {
      StreamKey.user($0).partition(of: 8) == partition
    }!
  }

  @Test("holds up nobody else, and gets all of its own later", arguments: [1, 2])
  func others(threads: Int) async throws {
    let (service, group) = service(threads: threads)
    let copies = Watch(.messageCopied)
    service.subscribe(copies)
    _ = try await service.start()
    let receiver = user(in: PartitionID(0), "receiver")
    let refused = user(in: PartitionID(1), "refused")
    let healthy = user(in: PartitionID(2), "healthy")
    log.fail(.append, in: PartitionID(1), with: DaybookError(.storageFull, "no room"))
    let answers = Answers()
    for number in 1...50 {
      for sender in [refused, healthy] {
        _ = try await answers.ask(
          send(UInt64(number), from: sender, to: receiver), of: service
        ).get()
      }
    }
    await copies.count(reaches: 50)
    #expect(log.events(.messageCopied).allSatisfy { $0.stream == .user(healthy) })
    log.heal(PartitionID(1))
    await copies.count(reaches: 100)
    let late = log.events(.messageCopied).filter { $0.stream == .user(refused) }
    #expect(late.map(\.seq.rawValue) == Array(1...50))
    #expect(late.map(\.messageID) == late.map(\.messageID).sorted())
    await service.stop()
    try await group.shutdownGracefully()
  }

  @Test("what was refused while stopping is relayed after the restart", arguments: [1, 2])
  func whileStopping(threads: Int) async throws {
    let (receiver, sender) = (user(in: PartitionID(0), "r"), user(in: PartitionID(0), "s"))
    for round in 1...20 {
      let (service, group) = service(threads: threads)
      _ = try await service.start()
      let answers = Answers()
      async let answer = answers.ask(
        send(UInt64(round), from: sender, to: receiver), of: service)
      await service.stop()
      _ = await answer
      try await group.shutdownGracefully()
    }
    let (service, group) = service(threads: threads)
    let sent = log.events(.messageSent).count
    let before = log.events(.messageCopied).count
    let copies = Watch(.messageCopied)
    service.subscribe(copies)
    _ = try await service.start()
    await copies.count(reaches: sent - before)
    #expect(
      log.events(.messageCopied).map(\.messageID) == log.events(.messageSent).map(\.messageID))
    await service.stop()
    try await group.shutdownGracefully()
  }

  @Test("a batch that fails while stopping ends the wait for it")
  func failureWhileStopping() async throws {
    for _ in 0..<20 {
      let (service, group) = service(threads: 2)
      _ = try await service.start()
      log.fail(.append, in: PartitionID(0), with: DaybookError(.storageFailed, "the disk is gone"))
      let answers = Answers()
      let receiver = user(in: PartitionID(0), "r")
      async let answer = answers.ask(send(1, from: alice, to: receiver), of: service)
      await service.stop()
      guard case .failure = await answer else {
        Issue.record("was accepted")
        return
      }
      try await group.shutdownGracefully()
    }
  }

  @Test("a partition that can't be read refuses, and the others serve")
  func unreadable() async throws {
    let (first, firstGroup) = service(threads: 2)
    _ = try await first.start()
    let answers = Answers()
    let (damaged, whole) = (user(in: PartitionID(3), "d"), user(in: PartitionID(4), "w"))
    for user in [damaged, whole] {
      _ = try await answers.ask(send(1, from: user, to: user), of: first).get()
    }
    await first.stop()
    try await firstGroup.shutdownGracefully()
    snapshots.forget()
    log.fail(.read, in: PartitionID(3), with: DaybookError(.logCorrupt, "told to be"))
    let (second, secondGroup) = service(threads: 2)
    _ = try await second.start()
    _ = try await answers.ask(send(2, from: whole, to: whole), of: second).get()
    guard
      case .failure(let error) = await answers.ask(send(2, from: damaged, to: damaged), of: second)
    else {
      Issue.record("was accepted")
      return
    }
    #expect(error.code == .logCorrupt)
    await second.stop()
    try await secondGroup.shutdownGracefully()
  }

  @Test("what keeps the relay from reading is told once it lasts, and so is that it is over")
  func told() async throws {
    let (service, group) = service(threads: 1)
    let copies = Watch(.messageCopied)
    service.subscribe(copies)
    _ = try await service.start()
    _ = try await Answers().ask(send(1, from: alice, to: bob), of: service).get()
    await copies.count(reaches: 1)
    await service.stop()
    let source = StreamKey.user(bob).partition(of: 8)
    log.fail(.read, in: source, with: DaybookError(.overloaded, "busy"), times: 5)
    let told = RecordingLog()
    let loop = group.next()
    let relay = Relay(
      source: source, loop: loop, log: log, blocking: InlineWork(), logger: told.logger,
      deliver: { $0.receipt.relay.finished($0.receipt, .success(())) })
    loop.execute { [log] in
      relay.start(from: .zero, committed: log.highWatermark(of: source))
    }
    while told.lines.count < 2 { await Task.yield() }
    #expect(told.lines.map(\.level) == [.warning, .notice])
    #expect(told.messages.first?.contains("busy") == true)
    try await loop.submit { relay.stop() }.get()
    try await group.shutdownGracefully()
  }

  @Test("a delivery after one that was lost is refused, however late it comes")
  func gap() {
    var desk = PartitionDesk(PartitionState(partition: PartitionID(1)), headerBytes: 16)
    let relay = Relay(
      source: PartitionID(0), loop: MultiThreadedEventLoopGroup.singleton.next(), log: log,
      blocking: InlineWork(), logger: .silent, deliver: { _ in })
    func delivery(_ offset: Int64, after: Int64?) -> RelayDelivery {
      let cause = Cause(partition: PartitionID(0), offset: Offset(offset), index: 0)
      let effect = Effect(
        stream: .user(alice), messageID: .none, actor: Actor(user: bob),
        body: .groupJoined(ubuntu, at: Seq(1)), cause: cause)
      return RelayDelivery(
        effects: [effect],
        after: after.map { Cause(partition: PartitionID(0), offset: Offset($0), index: 0) },
        receipt: RelayReceipt(
          relay: relay, destination: PartitionID(1), through: cause, count: 1, attempt: 0))
    }
    let taken = [
      desk.take(delivery(3, after: nil), now: start), desk.take(delivery(9, after: 7), now: start),
      desk.take(delivery(7, after: 3), now: start), desk.take(delivery(9, after: 7), now: start),
    ]
    #expect(taken == [true, false, true, true])
  }
}
