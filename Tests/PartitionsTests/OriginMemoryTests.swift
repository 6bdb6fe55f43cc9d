import DaybookModel
import Doubles
import NIOPosix
import Ports
import Testing

@testable import Partitions

@Suite("windows of origins that are in memory")
struct OriginMemoryTests {
  private func key(_ origin: Int, _ user: UserID? = alice) -> IssuedOrigin {
    IssuedOrigin(Origin("origin-\(origin)".utf8)!, user: user)
  }

  private func entry(_ number: UInt64) -> OriginWindow.Entry {
    OriginWindow.Entry(
      number: number, digest: 1, changed: true, messageID: .none, seq: .none, recordedAt: start)
  }

  private func accept(_ memory: inout OriginMemory, _ key: IssuedOrigin, _ number: UInt64 = 1) {
    memory.accept(entry(number), of: key, at: memory.find(key))
  }

  private func lookup(
    _ memory: inout OriginMemory, _ key: IssuedOrigin, _ number: UInt64
  ) -> OriginWindow.Lookup {
    memory.lookup(IssuedNumber(key, number: number), number, at: memory.find(key))
  }

  @Test("as long as none was forgotten, one that isn't there is new")
  func new() {
    var memory = OriginMemory(bounds: .init(windows: 2, numbers: 4, bytes: 1 << 20), seed: 7)
    accept(&memory, key(1))
    #expect(lookup(&memory, key(2), 1) == .unseen)
    for origin in 2...3 { accept(&memory, key(origin)) }
    memory.trim()
    #expect(memory.count == 2 && memory.hasForgotten)
    #expect(lookup(&memory, key(1), 1) == .unknown && lookup(&memory, key(9), 1) == .unknown)
  }

  @Test("of each user those that were used last stay, services' together")
  func perUser() {
    var memory = OriginMemory(bounds: .init(windows: 3, numbers: 4, bytes: 1 << 20), seed: 7)
    for user in [alice, bob, nil] {
      for origin in 1...5 { accept(&memory, key(origin, user)) }
      accept(&memory, key(2, user), 2)
    }
    memory.trim()
    for user in [alice, bob, nil] {
      let kept = (1...5).filter { memory.find(key($0, user)) != nil }
      #expect(kept == [2, 4, 5])
      #expect(lookup(&memory, key(2, user), 1) == .seen(entry(1)))
    }
    // Places that became free are used again.
    for origin in 6...8 { accept(&memory, key(origin)) }
    memory.trim()
    #expect((1...8).filter { memory.find(key($0)) != nil } == [6, 7, 8])
    #expect((1...8).filter { memory.find(key($0, bob)) != nil } == [2, 4, 5])
  }

  @Test("past the bound in bytes, those go that were used least, whoever's they are")
  func perBytes() {
    var memory = OriginMemory(bounds: .init(windows: 64, numbers: 64, bytes: 20_000), seed: 7)
    for index in 0..<200 { accept(&memory, key(1, UserID(checked: "user-\(index)"))) }
    #expect(memory.isOverfull && memory.isBursting)
    memory.trim()
    #expect(!memory.isOverfull && memory.count < 120 && memory.count > 20)
    #expect(memory.find(key(1, UserID(checked: "user-199"))) != nil)
    #expect(memory.find(key(1, UserID(checked: "user-0"))) == nil)
  }

  @Test("one that went on after it was forgotten says nothing of numbers it has not")
  func partial() {
    var memory = OriginMemory(bounds: .init(windows: 1, numbers: 4, bytes: 1 << 20), seed: 7)
    accept(&memory, key(1), 500)
    accept(&memory, key(2))
    memory.trim()
    accept(&memory, key(1), 3)
    #expect(lookup(&memory, key(1), 3) == .seen(entry(3)))
    #expect(lookup(&memory, key(1), 4) == .unknown && lookup(&memory, key(1), 500) == .unknown)
    memory.keep(key(1), [entry(3), entry(500)], knownFrom: 0, isLoaded: true)
    #expect(lookup(&memory, key(1), 500) == .seen(entry(500)))
    #expect(lookup(&memory, key(1), 501) == .unseen)
    // It lies below the window of four.
    #expect(lookup(&memory, key(1), 3) == .unknown)
    memory.keep(IssuedNumber(key(1), number: 3), entry(3))
    #expect(lookup(&memory, key(1), 3) == .seen(entry(3)))
    memory.forgetFound()
    #expect(lookup(&memory, key(1), 3) == .unknown)
  }
}

@Suite("what the log has said too late")
struct LateLookupTests {
  @Test("takes nothing from a window that is in memory by then")
  func late() {
    var desk = PartitionDesk(PartitionState(partition: PartitionID(0)), headerBytes: 16)
    let command = Command(
      stream: .user(bob), actor: Actor(user: alice),
      id: NumberedOrigin(origin: Origin("late".utf8)!, number: 1), body: .send(message("x")))
    desk.take(
      [PendingCommand(command, receiver: Answers(), token: 1)], now: start, uptime: start)
    let issued = command.issued!
    desk.learn([
      .origin(OriginLookup.Answer(issued: issued, window: .init(entries: [], knownFrom: 0)))
    ])
    #expect(desk.state.origins[issued.origin]?.current.map(\.number) == [1])
  }
}

@Suite("commands of origins that only the log knows", .timeLimit(.minutes(30)))
struct ForgottenOriginTests {
  static let logs: [MemoryLogMaker] = [
    MemoryLogMaker("as it is") { MemoryLog(partitions: 1) },
    MemoryLogMaker("with gaps") { MemoryLog(partitions: 1, offsets: .gaps) },
    // All origins have one key.
    MemoryLogMaker("with strangers") { MemoryLog(partitions: 1, isColliding: true) },
  ]

  struct MemoryLogMaker: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable () -> MemoryLog

    init(_ name: String, _ make: @escaping @Sendable () -> MemoryLog) {
      (testDescription, self.make) = (name, make)
    }
  }

  private func service(_ log: MemoryLog, _ snapshots: MemorySnapshots) -> PartitionService {
    PartitionService(
      log: log, snapshots: snapshots,
      state: .init(origins: .init(windows: 1, numbers: 3, bytes: 1 << 20)),
      clock: fixedClock(), blocking: InlineWork(), group: MultiThreadedEventLoopGroup.singleton,
      logger: .silent)
  }

  private func send(_ number: UInt64, _ origin: String, _ text: String? = nil) -> Command {
    Command(
      stream: .user(bob), actor: Actor(user: alice),
      id: NumberedOrigin(origin: Origin(origin.utf8)!, number: number),
      body: .send(message(text ?? "\(origin) \(number)")))
  }

  private func sent(_ log: MemoryLog) -> Int {
    log.events(.messageSent).count { $0.stream == .user(bob) }
  }

  @Test(
    "a retry has the first answer, however late it comes, also after a restart", arguments: logs)
  func retries(_ maker: MemoryLogMaker) async throws {
    let (log, snapshots) = (maker.make(), MemorySnapshots())
    var first: [String: CommandResult] = [:]
    for life in 0..<4 {
      if life == 2 { snapshots.forget() }
      let service = service(log, snapshots)
      _ = try await service.start()
      let answers = Answers()
      for origin in ["phone", "laptop", "tablet"] {
        for number in [1, 2, 3, 4, 5, 6, 7, 8, 40, 2, 9] as [UInt64] {
          let result = try await answers.ask(send(number, origin), of: service).get().result()
          let known = first["\(origin) \(number)"]
          #expect(result.repeated == (known != nil), "\(origin) \(number) in life \(life)")
          if let known {
            #expect(result.messageID == known.messageID && result.seq == known.seq)
          }
          first["\(origin) \(number)"] = known ?? result
          let other = await answers.ask(send(number, origin, "other"), of: service)
          guard case .failure(let error) = other else {
            Issue.record("another command under \(origin) \(number) was taken")
            continue
          }
          #expect(error.code == .numberConflict)
        }
      }
      #expect(sent(log) == first.count && first.count == 30)
      await service.stop()
    }
  }

  @Test("many at once are decided in their order, each once")
  func pipelined() async throws {
    let log = MemoryLog(partitions: 1)
    let service = service(log, MemorySnapshots())
    _ = try await service.start()
    let answers = Answers()
    for round in 0..<3 {
      let results = await withTaskGroup(of: Bool.self) { group in
        for number in 1...40 as ClosedRange<UInt64> {
          for origin in ["phone", "laptop"] {
            group.addTask {
              let outcome = await answers.ask(send(number, origin), of: service)
              return (try? outcome.get().result().repeated) == (round > 0)
            }
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(results == 80)
      #expect(sent(log) == 80)
    }
    await service.stop()
  }

  @Test("while the log can't be searched they are turned away, and nothing is appended twice")
  func unsearchable() async throws {
    let log = MemoryLog(partitions: 1)
    let service = service(log, MemorySnapshots())
    let copies = Watch(.messageCopied)
    service.subscribe(copies)
    _ = try await service.start()
    let answers = Answers()
    for origin in ["phone", "laptop"] {
      _ = try await answers.ask(send(1, origin), of: service).get()
    }
    // A window leaves memory once all that was decided is durable, the senders' copies included.
    await copies.count(reaches: 2)
    log.fail(
      .postings, in: PartitionID(0), with: DaybookError(.storageFailed, "told to"), times: 1)
    guard case .failure(let error) = await answers.ask(send(1, "phone"), of: service) else {
      Issue.record("it was answered")
      return
    }
    #expect(error.code == .overloaded && error.code.isTemporary)
    let again = try await answers.ask(send(1, "phone"), of: service).get().result()
    #expect(again.repeated && sent(log) == 2)
    await service.stop()
  }
}
