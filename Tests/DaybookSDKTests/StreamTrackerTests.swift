import DaybookModel
import Testing

@testable import DaybookSDK

@Suite("A stream's events")
struct StreamTrackerTests {
  private typealias Tracker = StreamTracker<UInt64>

  private func receive(_ tracker: inout Tracker, _ seqs: UInt64...) -> [UInt64] {
    seqs.flatMap { tracker.receive(Seq($0), $0).map(\.element) }
  }

  private func range(_ from: UInt64, _ to: UInt64) -> ClosedRange<Seq> { Seq(from)...Seq(to) }

  @Test("come out in order and once, whatever order and however often they come in")
  func shuffled() {
    var random = Seeded(seed: 7)
    for _ in 0..<100 {
      var tracker = Tracker(cursor: Seq(10))
      let arriving = ((1...40).map { UInt64($0) } + (5...30).map { UInt64($0) }).shuffled(
        using: &random)
      let out = arriving.flatMap { tracker.receive(Seq($0), $0).map(\.element) }
      #expect(out == (11...40).map { UInt64($0) })
    }
  }

  @Test("wait for what is missing, which is fetched once at a time")
  func gap() {
    var tracker = Tracker(cursor: .none)
    #expect(receive(&tracker, 1, 4, 5) == [1])
    #expect(tracker.gapToFetch() == range(2, 3))
    #expect(tracker.gapToFetch() == nil)
    #expect(receive(&tracker, 2) == [2])
    #expect(tracker.fetched(positionBefore: Seq(1), more: true) == true)
    #expect(tracker.gapToFetch() == range(3, 3))
    #expect(receive(&tracker, 3) == [3, 4, 5])
    #expect(tracker.fetched(positionBefore: Seq(2), more: false) == true)
    #expect(tracker.gapToFetch() == nil)
  }

  @Test("go on behind what may not be seen, whichever comes first")
  func notVisible() {
    var early = Tracker(cursor: .none)
    #expect(early.skip(range(1, 3)).isEmpty)
    #expect(receive(&early, 4) == [4])
    var late = Tracker(cursor: .none)
    #expect(receive(&late, 4) == [])
    #expect(late.skip(range(1, 3)).map(\.element) == [4])
    var inside = Tracker(cursor: .none)
    #expect(inside.skip(range(2, 3)).isEmpty)
    #expect(inside.gapToFetch() == range(1, 1))
    #expect(receive(&inside, 1) == [1])
    #expect(inside.position == Seq(3))
  }

  @Test("come again after a reconnect without coming out again")
  func follow() {
    var tracker = Tracker(cursor: .none)
    #expect(receive(&tracker, 1, 2, 3) == [1, 2, 3])
    #expect(tracker.follow(cursor: Seq(1), head: Seq(5)) == true)
    #expect(receive(&tracker, 2, 3, 4, 5) == [4, 5])
  }

  @Test("that another session of the device has acked in between are fetched")
  func ahead() {
    var tracker = Tracker(cursor: .none)
    #expect(receive(&tracker, 1) == [1])
    #expect(tracker.follow(cursor: Seq(4), head: Seq(6)) == true)
    #expect(tracker.gapToFetch() == range(2, 4))
    #expect(receive(&tracker, 5, 2, 3, 4) == [2, 3, 4, 5])
  }

  @Test("that come again though they were handed on are named, and are due to be acked again")
  func repeated() {
    var tracker = Tracker(cursor: .none)
    _ = receive(&tracker, 1, 2, 3)
    tracker.handed = Seq(2)
    tracker.acked = Seq(2)
    #expect(receive(&tracker, 3) == [])
    #expect(tracker.takeRepeated() == nil)
    #expect(receive(&tracker, 1, 2) == [])
    #expect(tracker.takeRepeated() == Seq(2))
    #expect(tracker.takeRepeated() == nil)
    #expect(tracker.acked < tracker.handed)
    // No seq at all is none that could be acked.
    #expect(receive(&tracker, 0) == [])
    #expect(tracker.takeRepeated() == nil)
  }

  @Test("that a rolled-back log no longer has are noticed")
  func rolledBack() {
    var tracker = Tracker(cursor: .none)
    #expect(receive(&tracker, 1, 2, 3) == [1, 2, 3])
    #expect(tracker.follow(cursor: Seq(1), head: Seq(2)) == false)
  }

  @Test("a fetch that explains nothing is noticed")
  func unexplained() {
    var tracker = Tracker(cursor: .none)
    _ = receive(&tracker, 3)
    _ = tracker.gapToFetch()
    #expect(tracker.fetched(positionBefore: .none, more: false) == false)
  }
}

@Suite("The state of what was sent")
struct DeliveryBoardTests {
  private let bob = UserID(checked: "bob")

  private func shown(_ progress: [DeliveryBoard.Progress]) -> [String] {
    progress.map { "\($0.messageID) \($0.status)" }
  }

  @Test("goes from stored to delivered to read, up to the message of each notice")
  func progress() {
    var board = DeliveryBoard()
    for seq in 1...3 as ClosedRange<UInt64> {
      #expect(shown(board.stored(MessageID(100 + seq), to: bob)) == [])
    }
    #expect(
      shown(board.delivered(by: bob, upTo: .message(MessageID(102)))) == [
        "101 delivered", "102 delivered",
      ])
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(102)))) == [])
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(101)))) == ["101 read"])
    #expect(
      shown(board.read(by: bob, upTo: .message(MessageID(103)))) == ["102 read", "103 read"])
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(103)))) == [])
  }

  @Test("is right when the notice overtakes the answer to the send")
  func overtaking() {
    var board = DeliveryBoard()
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(5)))) == ["0 delivered"])
    #expect(shown(board.stored(MessageID(5), to: bob)) == ["5 delivered"])
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(6)))) == ["5 read"])
    #expect(shown(board.stored(MessageID(6), to: bob)) == ["6 read"])
  }

  @Test("stays at read when the ack comes after the read and covers more")
  func readOvertakesAck() {
    var board = DeliveryBoard()
    _ = board.stored(MessageID(1), to: bob)
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(1)))) == ["1 read"])
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(2)))) == [])
    _ = board.stored(MessageID(3), to: bob)
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(3)))) == ["3 delivered"])
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(9)))) == [])
  }

  @Test("of what was sent before this session stays at read, too")
  func earlierReadOvertakesAck() {
    var board = DeliveryBoard()
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(2)))) == ["0 delivered"])
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(3)))) == ["0 read"])
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(5)))) == [])
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(6)))) == ["0 read"])
  }

  @Test("of a message whose copy overtakes its answer is told after the answer")
  func copyOvertakesAnswer() {
    var board = DeliveryBoard()
    for _ in 1...3 { board.sending(to: bob) }
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(1)))) == [])
    for seq in 2...4 as ClosedRange<UInt64> {
      #expect(shown(board.copied(MessageID(seq), to: bob)) == [])
    }
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(3)))) == [])
    #expect(shown(board.stored(MessageID(2), to: bob)) == ["2 delivered"])
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(3)))) == ["2 read"])
    #expect(shown(board.stored(MessageID(4), to: bob)) == [])
    // The last of the three was refused, so that the copy between is another device's.
    #expect(shown(board.dropped(to: bob)) == ["3 read"])
    #expect(shown(board.delivered(by: bob, upTo: .message(MessageID(4)))) == ["4 delivered"])
  }

  @Test("never steps back, whatever order answers, copies and notices come in", arguments: 0..<50)
  func forward(seed: UInt64) {
    var random = Seeded(seed: seed)
    var board = DeliveryBoard()
    let count: UInt64 = 12
    var told: [MessageID: DeliveryBoard.Status] = [:]
    var hasStored: Set<MessageID> = []
    func take(_ news: [DeliveryBoard.Progress]) {
      for progress in news {
        #expect(told[progress.messageID] ?? .stored < progress.status)
        #expect(hasStored.contains(progress.messageID))
        told[progress.messageID] = progress.status
      }
    }
    for _ in 1...count { board.sending(to: bob) }
    var answers = Array(1...count).shuffled(using: &random)
    var copies: UInt64 = 0
    while copies < count || !answers.isEmpty {
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        guard let id = answers.popLast() else { continue }
        hasStored.insert(MessageID(id))
        take(board.stored(MessageID(id), to: bob))
      case 1:
        guard copies < count else { continue }
        copies += 1
        take(board.copied(MessageID(copies), to: bob))
      case 2:
        take(
          board.delivered(
            by: bob, upTo: .message(MessageID(.random(in: 0...copies, using: &random)))))
      default:
        take(
          board.read(by: bob, upTo: .message(MessageID(.random(in: 0...copies, using: &random)))))
      }
    }
    take(board.read(by: bob, upTo: .message(MessageID(count + 1))))
    #expect(told.count == Int(count) && told.values.allSatisfy { $0 == .read })
    take(board.delivered(by: bob, upTo: .message(MessageID(count + 2))))
  }

  @Test("counts a message once, though answer and own copy both tell of it, in either order")
  func once() {
    var board = DeliveryBoard()
    _ = board.stored(MessageID(2), to: bob)
    _ = board.copied(MessageID(1), to: bob)
    _ = board.copied(MessageID(2), to: bob)
    _ = board.stored(MessageID(1), to: bob)
    #expect(
      shown(board.delivered(by: bob, upTo: .message(MessageID(2)))) == [
        "1 delivered", "2 delivered",
      ])
  }

  @Test("is told without an id, once, where the message was sent before this session")
  func earlier() {
    var board = DeliveryBoard()
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(3)))) == ["0 read"])
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(3)))) == [])
  }

  @Test("is told by a seq where an older server has written both, the copy and the notice")
  func olderServers() {
    var board = DeliveryBoard()
    for id in 1...3 as ClosedRange<UInt64> {
      _ = board.copied(MessageID(id), to: bob, peerSeq: Seq(id * 10))
    }
    #expect(
      shown(board.delivered(by: bob, upTo: .peerSeq(Seq(25)))) == [
        "1 delivered", "2 delivered",
      ])
    #expect(shown(board.read(by: bob, upTo: .peerSeq(Seq(9)))) == [])
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(1)))) == ["1 read"])
  }

  @Test("is each peer's own")
  func peers() {
    var board = DeliveryBoard()
    _ = board.stored(MessageID(1), to: bob)
    #expect(
      shown(board.delivered(by: UserID(checked: "eve"), upTo: .message(MessageID(9)))) == [
        "0 delivered"
      ])
    #expect(shown(board.read(by: bob, upTo: .message(MessageID(1)))) == ["1 read"])
  }
}

@Suite("Reads and waits")
struct ReadAndBackoffTests {
  @Test("one read of a conversation is under way at a time, and the newest position follows it")
  func reads() {
    let bob = StreamKey(checked: "user/bob")!
    var reads = ReadPositions()
    #expect(reads.want(bob, upTo: Seq(1)) == Seq(1))
    #expect(reads.want(bob, upTo: Seq(3)) == nil)
    #expect(reads.want(bob, upTo: Seq(2)) == nil)
    #expect(reads.want(StreamKey(checked: "user/eve")!, upTo: Seq(9)) == Seq(9))
    #expect(reads.answered(bob) == Seq(3))
    #expect(reads.answered(bob) == nil)
    #expect(reads.want(bob, upTo: Seq(3)) == nil)
    #expect(reads.want(bob, upTo: Seq(4)) == Seq(4))
  }

  @Test("waits double up to the most, are spread over all below, and begin anew after a success")
  func backoff() {
    var backoff = Backoff(firstMilliseconds: 100, maxMilliseconds: 1000)
    let ceilings = (0..<6).map { _ in backoff.nextCeiling() }
    #expect(ceilings == [100, 200, 400, 800, 1000, 1000])
    backoff.reset()
    #expect(backoff.nextCeiling() == 100)
    var random = Seeded(seed: 1)
    backoff.reset()
    for _ in 0..<100 { #expect(backoff.next(using: &random) <= 1000) }
  }
}
