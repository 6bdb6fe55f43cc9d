import DaybookModel

/// Whose windows: a user's, or services' together (nil).
struct WindowOwner: Hashable, Sendable {
  let user: UserID?
}

/// The windows of one user's origins.
struct OwnedWindows: Sendable, Equatable {
  struct Kept: Sendable, Equatable {
    let origin: Origin
    /// Whose own its numbers are; nil for numbers of commands to whatever stream.
    let gaplessStream: StreamKey?
    var window: OriginWindow
    /// In the order of uses of all windows.
    var lastUsed: UInt64
    var step: WindowAges.Step

    var bytes: Int { OriginMemory.windowBytes + window.bytes }

    func isOf(_ key: borrowing IssuedOrigin) -> Bool {
      origin == key.origin && gaplessStream == key.gaplessStream
    }
  }

  var windows: [Kept] = []
}

/// How many bytes of windows were used last how long ago, in some sixty steps, so that nobody has to
/// sort windows to know which were used least. A step ends when so many windows were used in it: one
/// that is used again and again makes no other older.
struct WindowAges: Sendable {
  typealias Step = UInt64

  private static let count = 64

  private(set) var bytes = 0
  private(set) var newest: Step = 0
  private var usedInNewest = 0
  /// Windows in a step.
  private let windowsMax: Int
  /// Of the last steps, each at its number modulo their count; what is older counts to the oldest.
  private var steps = [Int](repeating: 0, count: WindowAges.count)

  /// `windows`: about as many as there may be.
  init(windows: Int) { windowsMax = max(1, windows / WindowAges.count) }

  private var oldest: Step {
    newest >= Step(WindowAges.count) ? newest - Step(WindowAges.count) + 1 : 0
  }

  private func place(of step: Step) -> Int { Int(max(step, oldest) % Step(WindowAges.count)) }

  /// The step of what is used now, and was used last in another.
  private mutating func begin() -> Step {
    if usedInNewest >= windowsMax {
      newest += 1
      usedInNewest = 0
      if newest >= Step(WindowAges.count) {
        // The place of the step that is too old now is the newest's.
        let older = steps[place(of: newest)]
        steps[place(of: newest)] = 0
        steps[place(of: oldest)] += older
      }
    }
    usedInNewest += 1
    return newest
  }

  /// Of a window that wasn't there.
  mutating func add(_ bytes: Int) -> Step {
    let step = begin()
    self.bytes += bytes
    steps[place(of: step)] += bytes
    return step
  }

  /// Of one that was used, and has other bytes now. Returns its step from now on.
  mutating func use(_ step: Step, bytes before: Int, now: Int) -> Step {
    bytes += now - before
    guard step < newest else {
      steps[place(of: step)] += now - before
      return step
    }
    steps[place(of: step)] -= before
    let step = begin()
    steps[place(of: step)] += now
    return step
  }

  mutating func remove(_ bytes: Int, of step: Step) {
    self.bytes -= bytes
    steps[place(of: step)] -= bytes
    assert(self.bytes >= 0 && steps[place(of: step)] >= 0, "what leaves was there")
  }

  /// A step: once the windows of all before it have left, at most `goal` bytes stay.
  func bound(leaving goal: Int) -> Step {
    var rest = bytes
    for step in oldest...newest {
      if rest <= goal { return step }
      rest -= steps[place(of: step)]
    }
    return newest + 1
  }
}
