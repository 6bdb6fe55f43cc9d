import Doubles

/// What each client does in each of its visits to the server, by a seed: the same whenever it comes to it. No I/O.
struct SoakPlan: Sendable {
  enum Manner: String, CaseIterable, Sendable {
    /// Sends, reads, acks, and says that it goes.
    case orderly
    /// Reads little at a time.
    case slow
    /// Stops reading, and goes on sending; then reads on.
    case deaf
    /// The same, and resets the connection.
    case deafAndGone
    /// Closes the half in which it writes, while its answers are on their way.
    case halfClosing
    /// Resets the connection, while they are.
    case resetting
    /// Says what is nothing at all.
    case garbage
    /// Asks with bodies that are no requests, and goes on.
    case nonsense
    /// Begins a frame, and goes.
    case torn
    /// Opens a connection and never says who it is.
    case stranger
    /// Comes once more while it is there.
    case twice
  }

  struct Visit: Sendable {
    var manner: Manner
    /// To whom, and how many bytes more than their text messages have.
    var messages: [(to: String, padding: Int)]
    /// For what else is left to chance.
    var random: SplitMix
  }

  let seed: UInt64
  let users: [String]
  let groups: Int

  /// Each is in one group.
  func group(of client: Int) -> String { "group/g\(client % groups)" }

  func visit(_ number: Int, of client: Int) -> Visit {
    var random = SplitMix(
      state: seed &+ UInt64(client) &* 0x1_0000_0001 &+ UInt64(number) &* 0x9e37_79b9)
    _ = random.next()
    // All of them in turn, each client beginning with another.
    let manners = Manner.allCases
    let manner = manners[(client + number) % manners.count]
    return Visit(
      manner: manner, messages: messages(Int.random(in: 2...10, using: &random), client, &random),
      random: random)
  }

  /// Whom it ever writes to: its group, and three others.
  func targets(of client: Int) -> [String] {
    [group(of: client)] + [1, 7, 13].map { "user/\(users[(client + $0) % users.count])" }
  }

  /// Half to the group, half to the others.
  func messages(
    _ count: Int, _ client: Int, _ random: inout SplitMix
  ) -> [(to: String, padding: Int)] {
    (0..<count).map { _ in
      let padding =
        Int.random(in: 0..<8, using: &random) == 0
        ? Int.random(in: 1_000...20_000, using: &random) : Int.random(in: 0...200, using: &random)
      let targets = targets(of: client)
      guard Bool.random(using: &random) else { return (targets[0], padding) }
      return (targets[Int.random(in: 1..<targets.count, using: &random)], padding)
    }
  }
}
