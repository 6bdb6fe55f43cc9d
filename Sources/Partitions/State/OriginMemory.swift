package import DaybookModel
import NIOCore

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

  /// Where a window lies: whose, and which of theirs.
  package struct Place: Sendable, Equatable {
    let owner: Int
    let window: Int
  }

  private let bounds: Bounds
  private var owners: PagedTable<OwnedWindows>
  package private(set) var count = 0
  /// With more windows than they may have.
  private var crowded: Set<WindowOwner> = []
  private var uses: UInt64 = 0
  private var ages: WindowAges
  private var sweep: Sweep?
  /// What the log has said of single numbers, until the commands that wait for it are decided.
  private var found: [IssuedNumber: OriginWindow.Entry?] = [:]
  /// Some window is not here any more: an origin that isn't here may still be in the log.
  package private(set) var hasForgotten = false

  /// `seed`: of its table.
  package init(bounds: Bounds = .standard, seed: UInt64) {
    self.bounds = bounds
    owners = PagedTable(seed: seed)
    ages = WindowAges(windows: bounds.bytes / OriginMemory.windowBytes)
  }

  /// From a snapshot. Nil for pages that are not such a table's. All of it is read, for how much it is
  /// and what is in it has to be known.
  init?(pages: [ByteBuffer], bounds: Bounds, seed: UInt64, hasForgotten: Bool) {
    guard let stored = PagedTable<OwnedWindows>(pages: pages, seed: seed, isRead: true) else {
      return nil
    }
    self.init(bounds: bounds, seed: seed)
    self.hasForgotten = hasForgotten
    owners = stored
    for page in 0..<owners.pages {
      for place in owners.places(in: page) {
        for window in owners[place].windows.indices { take(Place(owner: place, window: window)) }
        if owners[place].windows.count > bounds.windows { crowded.insert(owners.key(at: place)) }
      }
    }
  }

  /// A window of a snapshot, which may have been of other bounds.
  private mutating func take(_ place: Place) {
    let kept = owners[place.owner].windows[place.window]
    var window = kept.window
    if bounds.numbers != Limits.originWindow {
      window = OriginWindow(
        numbers: bounds.numbers, knownFrom: window.knownFrom, isLoaded: window.isLoaded)
      for entry in kept.window.current { window.insert(entry) }
    }
    uses += 1
    count += 1
    owners[place.owner].windows[place.window].window = window
    owners[place.owner].windows[place.window].lastUsed = uses
    let step = ages.add(owners[place.owner].windows[place.window].bytes)
    owners[place.owner].windows[place.window].step = step
  }

  func encode(_ field: Int, into writer: inout SnapshotWriter) {
    owners.encode(field, into: &writer)
  }

  /// What the windows take in memory.
  var byteCount: Int { ages.bytes }

  // MARK: asking

  package mutating func find(_ key: IssuedOrigin) -> Place? {
    guard let owner = owners.find(WindowOwner(user: key.user)),
      let window = owners[owner].windows.firstIndex(where: { $0.isOf(key) })
    else { return nil }
    return Place(owner: owner, window: window)
  }

  package subscript(_ key: IssuedOrigin) -> OriginWindow? {
    owners.state(of: WindowOwner(user: key.user))?.windows.first { $0.isOf(key) }?.window
  }

  package func forEach(_ body: (IssuedOrigin, OriginWindow) -> Void) {
    owners.forEach { owner, owned in
      for kept in owned.windows {
        body(IssuedOrigin(kept.origin, user: owner.user, in: kept.gaplessStream), kept.window)
      }
    }
  }

  /// What memory says of a number; `place` is where `find` has found its origin.
  func remembered(_ number: UInt64, at place: Place?) -> OriginWindow.Lookup {
    guard let place else { return hasForgotten ? .unknown : .unseen }
    return owners[place.owner].windows[place.window].window.lookup(number)
  }

  /// The same, with what the log has said.
  package func lookup(
    _ issued: @autoclosure () -> IssuedNumber, _ number: UInt64, at place: Place?
  ) -> OriginWindow.Lookup {
    let known = remembered(number, at: place)
    guard case .unknown = known, !found.isEmpty, let said = found[issued()] else { return known }
    return said.map { .seen($0) } ?? .unseen
  }

  /// The highest number that was taken, of an origin at `place` whose numbers have no gaps; 0 for none.
  /// Only where memory, or the log, has been asked whether a number of it was used.
  func highest(at place: Place?) -> UInt64 {
    place.map { owners[$0.owner].windows[$0.window].window.highest } ?? 0
  }

  /// The same, of whatever origin. Nil where only the log knows.
  func highest(of key: IssuedOrigin) -> UInt64? {
    guard let window = self[key] else { return hasForgotten ? nil : 0 }
    return window.isLoaded ? window.highest : nil
  }

  // MARK: learning

  /// An event of a command has been accepted.
  package mutating func accept(
    _ entry: OriginWindow.Entry, of key: IssuedOrigin, at place: Place?
  ) {
    let place =
      place ?? insert(key, OriginWindow(numbers: bounds.numbers, isLoaded: !hasForgotten))
    change(place) { $0.insert(entry) }
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
    if let place = find(key) {
      change(place) { $0 = window }
    } else {
      insert(key, window)
    }
  }

  /// What the log says of a number below its origin's window.
  package mutating func keep(_ issued: IssuedNumber, _ entry: OriginWindow.Entry?) {
    found[issued] = .some(entry)
  }

  /// The commands that waited for it are decided.
  package mutating func forgetFound() { found = [:] }

  /// A use of it.
  private mutating func change(_ place: Place, _ change: (inout OriginWindow) -> Void) {
    uses += 1
    OriginMemory.change(&owners[place.owner].windows[place.window], usedAt: uses, &ages, change)
  }

  private static func change(
    _ kept: inout OwnedWindows.Kept, usedAt use: UInt64, _ ages: inout WindowAges,
    _ change: (inout OriginWindow) -> Void
  ) {
    let before = kept.bytes
    change(&kept.window)
    kept.lastUsed = use
    kept.step = ages.use(kept.step, bytes: before, now: kept.bytes)
  }

  @discardableResult
  private mutating func insert(_ key: IssuedOrigin, _ window: OriginWindow) -> Place {
    let whose = WindowOwner(user: key.user)
    let owner = owners.find(whose) ?? owners.insert(whose, OwnedWindows())
    uses += 1
    count += 1
    var kept = OwnedWindows.Kept(
      origin: key.origin, gaplessStream: key.gaplessStream, window: window, lastUsed: uses, step: 0)
    kept.step = ages.add(kept.bytes)
    owners[owner].windows.append(kept)
    let place = Place(owner: owner, window: owners[owner].windows.count - 1)
    if place.window >= bounds.windows { crowded.insert(whose) }
    return place
  }

  // MARK: forgetting

  /// A window with its places in the tables, about, but for its entries.
  static let windowBytes = 160
  /// How many pages one `trim` looks through.
  private static let sweptPagesMax = 64

  /// Windows that were used last before a step leave, page after page.
  private struct Sweep {
    let before: WindowAges.Step
    var page = 0
  }

  package var isOverfull: Bool { !crowded.isEmpty || ages.bytes > bounds.bytes }
  /// So far over that it can't go on without forgetting.
  package var isBursting: Bool { ages.bytes > bounds.bytes + bounds.bytes / 4 }

  /// Lets go of some of what was used least. Only while all that was accepted is durable: what is in no
  /// window is looked for in the log.
  package mutating func trim() {
    guard isOverfull || sweep != nil else { return }
    for owner in crowded { trim(owner) }
    crowded = []
    if sweep == nil, ages.bytes > bounds.bytes {
      sweep = Sweep(before: ages.bound(leaving: bounds.bytes / 4 * 3))
    }
    guard var sweep else { return }
    let pagesMax = isBursting ? Int.max : OriginMemory.sweptPagesMax
    var swept = 0
    while sweep.page < owners.pages, swept < pagesMax {
      for place in owners.places(in: sweep.page).reversed() {
        remove(at: place) { $0.step < sweep.before }
      }
      sweep.page += 1
      swept += 1
    }
    self.sweep = sweep.page < owners.pages ? sweep : nil
  }

  private mutating func trim(_ owner: WindowOwner) {
    guard let place = owners.find(owner) else { return }
    let used = owners[place].windows.map(\.lastUsed).sorted()
    guard used.count > bounds.windows else { return }
    let oldest = used[used.count - bounds.windows]
    remove(at: place) { $0.lastUsed < oldest }
  }

  private mutating func remove(at place: Int, where isLeaving: (OwnedWindows.Kept) -> Bool) {
    let before = owners[place].windows.count
    for kept in owners[place].windows where isLeaving(kept) {
      ages.remove(kept.bytes, of: kept.step)
      count -= 1
    }
    owners[place].windows.removeAll(where: isLeaving)
    if owners[place].windows.count < before { hasForgotten = true }
    if owners[place].windows.isEmpty { owners.remove(at: place) }
  }
}

extension OriginMemory: Equatable {
  /// Order of use is no part of what it says.
  package static func == (a: Self, b: Self) -> Bool {
    guard a.count == b.count, a.hasForgotten == b.hasForgotten else { return false }
    var isEqual = true
    a.forEach { key, window in isEqual = isEqual && b[key] == window }
    return isEqual
  }
}
