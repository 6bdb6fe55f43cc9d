import DaybookModel
import Testing

@testable import Partitions

@Suite("the window of an origin's numbers")
struct OriginWindowTests {
  func entry(_ number: UInt64) -> OriginWindow.Entry {
    OriginWindow.Entry(
      number: number, digest: UInt32(number), changed: true, messageID: MessageID(number),
      seq: Seq(number), recordedAt: start)
  }

  @Test("numbers may come in any order within it")
  func anyOrder() {
    var window = OriginWindow()
    for number: UInt64 in [5, 3, 900, 4, 1] { window.insert(entry(number)) }
    for number: UInt64 in [1, 3, 4, 5, 900] {
      #expect(window.lookup(number) == .seen(entry(number)))
    }
    for number: UInt64 in [2, 6, 899, 901, .max] { #expect(window.lookup(number) == .unseen) }
  }

  @Test(
    "agrees with a dictionary, but for what is 1,024 behind: that is for the log to know",
    arguments: [1, 2, 3])
  func model(seed: UInt64) {
    var random = Xorshift(seed: seed)
    var window = OriginWindow()
    var model: [UInt64: OriginWindow.Entry] = [:]
    var highest: UInt64 = 0
    for _ in 0..<20_000 {
      let back = UInt64.random(in: 0..<1500, using: &random)
      let ahead = UInt64.random(in: 0..<4, using: &random)
      let number = max(1, highest + ahead > back ? highest + ahead - back : 1)
      let expected: OriginWindow.Lookup =
        if number > highest { .unseen } else if highest - number >= 1024 { .unknown } else {
          model[number].map { .seen($0) } ?? .unseen
        }
      #expect(window.lookup(number) == expected)
      if expected == .unseen {
        window.insert(entry(number))
        model[number] = entry(number)
        highest = max(highest, number)
      }
    }
    #expect(window.current.count <= 1024)
  }
}

/// Marsaglia's xorshift64, so that a failing case can be run again.
struct Xorshift: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
