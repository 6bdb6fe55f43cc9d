import NIOCore

/// States by key, in pages (linear hashing: Litwin, VLDB 1980): the table grows by one page at a time,
/// and of a copy that is held no write copies more than one page and a part of the directory. Pages that
/// came from a snapshot are read when one of their states is needed.
package struct PagedTable<State: PagedState>: Sendable {
  package typealias Key = State.Key

  /// How full pages are on average: those that were not split yet have up to twice as many as those that
  /// were.
  static var fill: Int { 192 }
  private static var leafBits: Int { 6 }
  private static var leafMask: Int { (1 << leafBits) - 1 }
  private static var indexBits: Int { 32 }
  private static var indexMask: Int { (1 << indexBits) - 1 }

  /// Of up to 64 pages.
  private struct Leaf: Sendable {
    private(set) var pages: [StatePage<State>] = []

    mutating func append(_ page: StatePage<State>) { pages.append(page) }

    /// Where it lies: a copy would count references to all that is in it.
    subscript(index: Int) -> StatePage<State> {
      @inline(__always)
      _read { yield pages.span[index] }
      @inline(__always)
      _modify { yield &pages[index] }
    }
  }

  private var leaves: [Leaf] = []
  private var pageCount = 0
  package private(set) var count = 0

  let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  private func hash(of key: Key) -> TableHash {
    TableHash(State.fingerprint(of: key), seed: seed)
  }

  package var isEmpty: Bool { count == 0 }

  // MARK: places

  private static func page(of hash: TableHash, in pageCount: Int) -> Int {
    let highest = Int.bitWidth - 1 - pageCount.leadingZeroBitCount
    let wide = Int(truncatingIfNeeded: hash.value & ((2 << UInt64(highest)) - 1))
    return wide < pageCount ? wide : wide & ((1 << highest) - 1)
  }

  private func page(of hash: TableHash) -> Int { PagedTable.page(of: hash, in: pageCount) }

  /// By number, where it lies.
  private subscript(page page: Int) -> StatePage<State> {
    @inline(__always)
    _read { yield leaves.span[page >> Self.leafBits][page & Self.leafMask] }
    @inline(__always)
    _modify { yield &leaves[page >> Self.leafBits][page & Self.leafMask] }
  }

  private mutating func append(_ page: StatePage<State>) {
    if pageCount & Self.leafMask == 0 { leaves.append(Leaf()) }
    leaves[pageCount >> Self.leafBits].append(page)
    pageCount += 1
  }

  // Asked before anything is changed: of a copy that is held, even a change to nothing copies.

  private mutating func readKeys(_ page: Int) {
    guard !self[page: page].keysAreRead else { return }
    self[page: page].readKeys()
  }

  private mutating func read(_ page: Int, _ index: Int) {
    guard !self[page: page].isRead(index) else { return }
    self[page: page].read(index)
  }

  private mutating func load(_ page: Int) {
    guard !self[page: page].isRead else { return }
    self[page: page].load()
  }

  /// Where a state lies, which has been read: good until the table changes.
  package mutating func find(_ fingerprint: UInt64, where isKey: (Key) -> Bool) -> Int? {
    guard count > 0 else { return nil }
    let hash = TableHash(fingerprint, seed: seed)
    let page = page(of: hash)
    readKeys(page)
    let index = self[page: page].index(of: hash, where: isKey)
    guard let index else { return nil }
    read(page, index)
    return page << Self.indexBits | index
  }

  package mutating func find(_ key: Key) -> Int? {
    find(State.fingerprint(of: key)) { $0 == key }
  }

  /// By place.
  package subscript(place: Int) -> State {
    @inline(__always)
    _read {
      let page = place >> Self.indexBits
      yield self[page: page][place & Self.indexMask]
    }
    @inline(__always)
    _modify {
      let page = place >> Self.indexBits
      yield &self[page: page][place & Self.indexMask]
    }
  }

  package func key(at place: Int) -> Key {
    let page = place >> Self.indexBits
    return self[page: page].keys[place & Self.indexMask]
  }

  // MARK: by key

  /// A state by itself; reads no page.
  package func state(of key: Key) -> State? {
    guard count > 0 else { return nil }
    let page = page(of: hash(of: key))
    return self[page: page].state(of: key)
  }

  /// Nothing where there is no such state.
  package mutating func update(_ key: Key, _ change: (inout State) -> Void) {
    guard let place = find(key) else { return }
    change(&self[place])
  }

  // MARK: growing

  /// The key is not there yet.
  @discardableResult
  package mutating func insert(_ key: Key, _ state: State) -> Int {
    if pageCount == 0 { append(StatePage(seed: seed)) }
    if count >= pageCount * Self.fill { split() }
    let hash = hash(of: key)
    let page = page(of: hash)
    readKeys(page)
    assert(
      self[page: page].index(of: hash) { $0 == key } == nil,
      "a key stands in a table once")
    count += 1
    let index = self[page: page].append(key, state)
    assert(index < 1 << Self.indexBits, "a page holds few states")
    return page << Self.indexBits | index
  }

  private mutating func split() {
    let highest = Int.bitWidth - 1 - pageCount.leadingZeroBitCount
    let page = pageCount - 1 << highest
    load(page)
    let leaving = self[page: page].split(
      by: 1 << UInt64(highest))
    append(leaving)
  }

  package mutating func remove(at place: Int) {
    let page = place >> Self.indexBits
    self[page: page].remove(
      at: place & Self.indexMask)
    count -= 1
  }

  // MARK: all of it

  package func forEach(_ body: (Key, State) -> Void) {
    for leaf in leaves {
      for var page in leaf.pages {
        page.readKeys()
        page.forEach(body)
      }
    }
  }

  /// Those of a page that were read, and what the page takes, without what these refer to. Changes nothing.
  func visit(
    _ page: Int, _ body: (Key, State) -> Void
  ) -> (bytes: Int, entries: Int) {
    (self[page: page].visit(body), self[page: page].count)
  }

  package mutating func removeAll() { self = PagedTable(seed: seed) }

  /// Where the states of a page lie, read; pages are `0..<pages`.
  package mutating func places(in page: Int) -> Range<Int> {
    load(page)
    let first = page << Self.indexBits
    return first..<first + self[page: page].count
  }

  package var pages: Int { pageCount }

  // MARK: bytes

  /// Each page is a field of its own, in order.
  func encode(_ field: Int, into writer: inout SnapshotWriter) {
    for leaf in leaves {
      for page in leaf.pages { page.encode(field, into: &writer) }
    }
  }

  /// Of pages that are known to be such a table's: what a snapshot's seal covers was read when it was
  /// written. They stay bytes until they are needed. Nil where one doesn't say how much it holds.
  init?(known pages: [ByteBuffer], seed: UInt64) {
    self.init(seed: seed)
    for bytes in pages {
      guard let page = StatePage<State>(known: bytes, seed: seed) else { return nil }
      append(page)
      count += page.count
    }
  }

  /// Nil for pages that are not such a table's. Unless `isRead`, they stay bytes until they are needed.
  init?(pages: [ByteBuffer], seed: UInt64, isRead: Bool = false) {
    self.init(seed: seed)
    for (index, bytes) in pages.enumerated() {
      let page = StatePage<State>(bytes, seed: seed, isRead: isRead) { hash in
        PagedTable.page(of: hash, in: pages.count) == index
      }
      guard let page else { return nil }
      append(page)
      count += page.count
    }
  }
}

extension PagedTable: Equatable {
  /// In which page a state lies, and where, is no part of what a table says.
  package static func == (a: Self, b: Self) -> Bool {
    guard a.count == b.count else { return false }
    var b = b
    var isEqual = true
    a.forEach { key, state in
      guard isEqual else { return }
      isEqual = b.find(key).map { b[$0] == state } ?? false
    }
    return isEqual
  }
}
