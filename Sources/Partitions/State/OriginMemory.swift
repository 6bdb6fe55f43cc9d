package import DaybookModel

/// The windows of a partition's origins, as far as they are in memory: those that were used last. Where
/// one has been forgotten, or a number lies below its window, the log is asked before a command is
/// decided: nothing that was accepted is ever appended twice, however late it comes again.
package struct OriginMemory: Sendable {
  /// How much stays in memory.
  package struct Bounds: Sendable, Equatable {
    /// Of one user; services have as many together.
    package var windows: Int
    package var numbers: Int
    /// Of all windows of the partition.
    package var bytes: Int

    package init(windows: Int, numbers: Int, bytes: Int) {
      self.windows = windows
      self.numbers = numbers
      self.bytes = bytes
    }

    package static let standard = Bounds(
      windows: Limits.originWindowsMax, numbers: Limits.originWindow,
      bytes: Limits.originWindowsBytesMax)
  }

  private struct Slot: Sendable {
    let key: IssuedOrigin
    var window: OriginWindow
    /// Rises with each use of any.
    var lastUsed: UInt64
    /// The next of the same user's; -1 for none.
    var next: Int32
  }

  private let bounds: Bounds
  private var slots: [Slot?] = []
  private var free: [Int] = []
  private var index: [IssuedOrigin: Int] = [:]
  /// The first slot of each user's, and how many they are; nil is services'.
  private var users: [UserID?: (first: Int32, count: Int32)] = [:]
  /// With more windows than they may have.
  private var crowded: Set<UserID?> = []
  private var uses: UInt64 = 0
  private var bytes = 0
  /// What the log has said of single numbers, until the commands that wait for it are decided.
  private var found: [IssuedNumber: OriginWindow.Entry?] = [:]
  /// Some window is not here any more: an origin that isn't here may still be in the log.
  package private(set) var hasForgotten = false

  package init(bounds: Bounds = .standard) { self.bounds = bounds }

  // MARK: asking

  package func find(_ key: IssuedOrigin) -> Int? { index[key] }

  package subscript(_ key: IssuedOrigin) -> OriginWindow? {
    index[key].flatMap { slots[$0]?.window }
  }

  package var count: Int { index.count }

  package var all: [(key: IssuedOrigin, window: OriginWindow)] {
    slots.compactMap { slot in slot.map { ($0.key, $0.window) } }
  }

  /// What memory says of a number; `place` is where `find` has found its origin.
  func remembered(_ number: UInt64, at place: Int?) -> OriginWindow.Lookup {
    guard let place else { return hasForgotten ? .unknown : .unseen }
    return slots[place]!.window.lookup(number)
  }

  /// The same, with what the log has said.
  package func lookup(
    _ issued: @autoclosure () -> IssuedNumber, _ number: UInt64, at place: Int?
  ) -> OriginWindow.Lookup {
    let known = remembered(number, at: place)
    guard case .unknown = known, !found.isEmpty, let said = found[issued()] else { return known }
    return said.map { .seen($0) } ?? .unseen
  }

  // MARK: learning

  /// An event of a command has been accepted.
  package mutating func accept(_ entry: OriginWindow.Entry, of key: IssuedOrigin, at place: Int?) {
    let at =
      place
      ?? insert(
        key,
        OriginWindow(numbers: bounds.numbers, isLoaded: !hasForgotten))
    uses += 1
    slots[at]!.lastUsed = uses
    let before = slots[at]!.window.bytes
    slots[at]!.window.insert(entry)
    bytes += slots[at]!.window.bytes - before
    if !found.isEmpty {
      let issued = IssuedNumber(key, number: entry.number)
      if found[issued] != nil { found[issued] = .some(entry) }
    }
  }

  /// From a snapshot, or the log.
  package mutating func keep(
    _ key: IssuedOrigin, _ entries: [OriginWindow.Entry], knownFrom: UInt64, isLoaded: Bool
  ) {
    var window = OriginWindow(
      numbers: bounds.numbers, knownFrom: knownFrom, isLoaded: isLoaded)
    for entry in entries { window.insert(entry) }
    uses += 1
    if let at = index[key] {
      bytes += window.bytes - slots[at]!.window.bytes
      slots[at]!.window = window
      slots[at]!.lastUsed = uses
    } else {
      let at = insert(key, window)
      slots[at]!.lastUsed = uses
      bytes += window.bytes
    }
  }

  /// What the log says of a number below its origin's window.
  package mutating func keep(_ issued: IssuedNumber, _ entry: OriginWindow.Entry?) {
    found[issued] = .some(entry)
  }

  /// The commands that waited for it are decided.
  package mutating func forgetFound() { found = [:] }

  package mutating func wasForgetting() { hasForgotten = true }

  private mutating func insert(_ key: IssuedOrigin, _ window: OriginWindow) -> Int {
    let first = users[key.user]
    let slot = Slot(key: key, window: window, lastUsed: uses, next: first?.first ?? -1)
    let at: Int
    if let place = free.popLast() {
      at = place
      slots[at] = slot
    } else {
      at = slots.count
      slots.append(slot)
    }
    index[key] = at
    let count = (first?.count ?? 0) + 1
    users[key.user] = (Int32(at), count)
    if Int(count) > bounds.windows { crowded.insert(key.user) }
    bytes += OriginMemory.slotBytes
    return at
  }

  // MARK: forgetting

  /// A slot with its places in the tables, about.
  private static let slotBytes = 160

  package var isOverfull: Bool { !crowded.isEmpty || bytes > bounds.bytes }
  /// So far over that it can't go on without forgetting.
  package var isBursting: Bool { bytes > bounds.bytes + bounds.bytes / 4 }

  /// Lets go of what was used least. Only while all that was accepted is durable: what is in no window
  /// is looked for in the log.
  package mutating func trim() {
    guard isOverfull else { return }
    for user in crowded { trim(user) }
    crowded = []
    guard bytes > bounds.bytes else { return }
    let oldest = slots.indices.filter { slots[$0] != nil }
      .sorted { slots[$0]!.lastUsed < slots[$1]!.lastUsed }
    for at in oldest {
      guard bytes > bounds.bytes / 4 * 3 else { return }
      unlink(at)
      remove(at)
    }
  }

  private mutating func trim(_ user: UserID?) {
    var own = places(of: user)
    own.sort { slots[$0]!.lastUsed < slots[$1]!.lastUsed }
    let leaving = Set(own.dropLast(bounds.windows))
    for at in leaving { remove(at) }
    link(own.filter { !leaving.contains($0) }, of: user)
  }

  private func places(of user: UserID?) -> [Int] {
    var places: [Int] = []
    var at = users[user]?.first ?? -1
    while at >= 0 {
      places.append(Int(at))
      at = slots[Int(at)]!.next
    }
    return places
  }

  private mutating func unlink(_ at: Int) {
    let user = slots[at]!.key.user
    link(places(of: user).filter { $0 != at }, of: user)
  }

  private mutating func link(_ places: [Int], of user: UserID?) {
    var next: Int32 = -1
    for at in places.reversed() {
      slots[at]!.next = next
      next = Int32(at)
    }
    users[user] = places.isEmpty ? nil : (next, Int32(places.count))
  }

  private mutating func remove(_ at: Int) {
    guard let slot = slots[at] else { return }
    bytes -= slot.window.bytes + OriginMemory.slotBytes
    index[slot.key] = nil
    slots[at] = nil
    free.append(at)
    hasForgotten = true
  }
}

extension OriginMemory: Equatable {
  /// Order of use is no part of what it says.
  package static func == (a: Self, b: Self) -> Bool {
    a.count == b.count && a.hasForgotten == b.hasForgotten
      && a.index.keys.allSatisfy { a[$0] == b[$0] }
  }
}
