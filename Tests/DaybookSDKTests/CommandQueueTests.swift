import DaybookModel
import NIOCore
import Testing

@testable import DaybookSDK

@Suite("The queue of commands")
struct CommandQueueTests {
  static let wide = CommandQueue.Bounds(inFlightMax: 100, numberSpanMax: 1000)

  private func command(_ number: UInt64, origin: String? = nil) -> IssuedCommand {
    IssuedCommand(
      origin: origin.flatMap { Origin($0.utf8) }, number: number,
      body: .join(GroupID(checked: "g\(number)")))
  }

  /// Sends all that may go, from this sequence on; the numbers that went.
  private func drain(
    _ queue: inout CommandQueue, from first: UInt32, _ bounds: CommandQueue.Bounds = wide
  ) -> [UInt64] {
    var sequence = first
    var numbers: [UInt64] = []
    while let command = queue.next(sequence: sequence, within: bounds) {
      numbers.append(command.number)
      sequence += 1
    }
    return numbers
  }

  @Test("what is unanswered goes out again after a reconnect, in order; what is answered doesn't")
  func reconnect() {
    var queue = CommandQueue()
    for number in 1...5 { queue.append(command(UInt64(number)), token: UInt64(number) * 10) }
    #expect(drain(&queue, from: 1) == [1, 2, 3, 4, 5])
    #expect(queue.answered(1) == 10)
    #expect(queue.answered(4) == 40)
    queue.connectionLost()
    #expect(queue.unanswered == 3)
    #expect(drain(&queue, from: 1) == [2, 3, 5])
    // Sequences are this connection's: the second one carries number 3 now.
    #expect(queue.answered(2) == 30)
    #expect(queue.answered(1) == 20)
    #expect(queue.answered(3) == 50)
    #expect(queue.isEmpty)
  }

  @Test("an answer to nobody, or a second one, is no answer")
  func strangers() {
    var queue = CommandQueue()
    queue.append(command(1), token: 7)
    _ = drain(&queue, from: 1)
    #expect(queue.answered(9) == nil)
    #expect(queue.answered(1) == 7)
    #expect(queue.answered(1) == nil)
    queue.connectionLost()
    #expect(drain(&queue, from: 1) == [])
  }

  @Test("no more are in flight than may be")
  func inFlight() {
    let bounds = CommandQueue.Bounds(inFlightMax: 2, numberSpanMax: 1000)
    var queue = CommandQueue()
    for number in 1...4 { queue.append(command(UInt64(number)), token: 0) }
    #expect(drain(&queue, from: 1, bounds) == [1, 2])
    _ = queue.answered(2)
    #expect(drain(&queue, from: 3, bounds) == [3])
    #expect(queue.inFlight == 2)
  }

  @Test("numbers in flight keep within the span of their origin, whatever their count")
  func span() {
    let bounds = CommandQueue.Bounds(inFlightMax: 100, numberSpanMax: 10)
    var queue = CommandQueue()
    for number in [1, 5, 11, 12, 13] as [UInt64] { queue.append(command(number), token: number) }
    #expect(drain(&queue, from: 1, bounds) == [1, 5, 11])
    // The lowest is what counts, not how many.
    _ = queue.answered(2)
    #expect(drain(&queue, from: 4, bounds) == [])
    _ = queue.answered(1)
    #expect(drain(&queue, from: 4, bounds) == [12, 13])
  }

  @Test("another origin's numbers have a span of their own")
  func origins() {
    let bounds = CommandQueue.Bounds(inFlightMax: 100, numberSpanMax: 10)
    var queue = CommandQueue()
    queue.append(command(5000, origin: "a"), token: 1)
    queue.append(command(1, origin: "b"), token: 2)
    queue.append(command(5011, origin: "a"), token: 3)
    #expect(drain(&queue, from: 1, bounds) == [5000, 1])
  }

  @Test(
    "what an earlier client has left in a conversation is answered before its next message goes")
  func gaplessOrigins() {
    func message(_ number: UInt64, _ origin: String, to user: String = "ben") -> IssuedCommand {
      IssuedCommand(
        origin: Origin(origin.utf8)!, number: number,
        body: .send(to: .user(UserID(checked: user)), Message(content: ByteBuffer())),
        isGapless: true)
    }
    var queue = CommandQueue()
    for (token, command) in [
      message(7, "old"), message(8, "old"), message(1, "new", to: "eve"), message(1, "new"),
      message(2, "new"),
    ].enumerated() {
      queue.append(command, token: UInt64(token))
    }
    #expect(drain(&queue, from: 1) == [7, 8, 1])
    _ = queue.answered(1)
    #expect(drain(&queue, from: 4) == [])
    _ = queue.answered(2)
    #expect(drain(&queue, from: 4) == [1, 2])
  }

  @Test("what was turned away goes first at the retry, under its number, and nothing overtakes it")
  func turnedAway() {
    var queue = CommandQueue()
    for number in 1...3 { queue.append(command(UInt64(number)), token: UInt64(number)) }
    _ = drain(&queue, from: 1)
    #expect(queue.turnAway(2) == true)
    #expect(queue.turnAway(2) == false)
    queue.append(command(4), token: 4)
    #expect(drain(&queue, from: 4) == [])
    var last: UInt32 = 3
    let again = queue.retry {
      last += 1
      return last
    }
    #expect(again.map(\.0) == [4])
    #expect(again.map(\.1.number) == [2])
    #expect(drain(&queue, from: 5) == [4])
    #expect(queue.answered(4) == 2)
  }

  @Test("at the end everything unanswered is named, once")
  func end() {
    var queue = CommandQueue()
    for number in 1...3 { queue.append(command(UInt64(number)), token: UInt64(number)) }
    #expect(queue.next(sequence: 1, within: CommandQueueTests.wide) != nil)
    _ = queue.answered(1)
    #expect(queue.removeAll() == [2, 3])
    #expect(queue.removeAll() == [])
    #expect(queue.isEmpty)
  }

  @Test("under random answers and lost connections, every command is answered once, in bounds")
  func random() {
    var random = Seeded(seed: 42)
    for _ in 0..<50 { runRandom(&random) }
  }

  private func runRandom(_ random: inout Seeded) {
    let bounds = CommandQueue.Bounds(inFlightMax: 7, numberSpanMax: 20)
    var queue = CommandQueue()
    var number: UInt64 = 0
    for token in 0..<100 as Range<UInt64> {
      number += UInt64.random(in: 1...5, using: &random)
      queue.append(command(number), token: token)
    }
    var answered: [UInt64] = []
    var inFlight: [UInt32: UInt64] = [:]
    var sequence: UInt32 = 0
    while !queue.isEmpty {
      while let command = queue.next(sequence: sequence + 1, within: bounds) {
        sequence += 1
        inFlight[sequence] = command.number
      }
      let numbers = inFlight.values
      #expect(inFlight.count <= 7 && numbers.max()! - numbers.min()! <= 20)
      switch Int.random(in: 0..<20, using: &random) {
      case 0:
        queue.connectionLost()
        inFlight = [:]
      case 1:
        let one = inFlight.keys.sorted().randomElement(using: &random)!
        #expect(queue.turnAway(one) == true)
        inFlight[one] = nil
        for (used, command) in queue.retry(sequence: {
          sequence += 1
          return sequence
        }) {
          inFlight[used] = command.number
        }
      default:
        let one = inFlight.keys.sorted().randomElement(using: &random)!
        inFlight[one] = nil
        if let token = queue.answered(one) { answered.append(token) }
      }
    }
    #expect(answered.sorted() == Array(0..<100))
  }
}

/// SplitMix64: the same numbers in every run.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
