import DaybookModel
import DaybookSchema
import NIOCore

/// Some 200 states. From a snapshot it comes as bytes: its keys are read when one of them is looked for,
/// and each state when it is needed.
struct StatePage<State: PagedState>: Sendable {
  /// Nil once all of it was read, or if it is of no snapshot.
  private var stored: ByteBuffer?
  private(set) var count = 0
  private(set) var keys: [State.Key] = []
  /// `State.blank` for one that was not read yet.
  private var states: [State] = []
  /// Where those lie in what is stored; nothing for those that were read, of which alone a page has none.
  private var unread: [Range<UInt32>] = []
  private var unreadCount = 0
  /// One more than where a key lies, by the upper half of its hash; 0 for none. At most half full, so
  /// that what is looked for is found at once. Few keys have no such table.
  private var slots: [UInt32] = []
  private let seed: UInt64

  init(seed: UInt64) { self.seed = seed }

  private func hash(of key: State.Key) -> TableHash {
    TableHash(State.fingerprint(of: key), seed: seed)
  }

  private static var stateField: Int { 2 }
  /// How many states there are: first, so that nobody has to read them to know.
  private static var countField: Int { 1 }
  private static var unslottedMax: Int { 8 }

  // MARK: finding

  // In line, as whatever is asked of each command: a call would copy the page, reference by reference.

  @inline(__always)
  func index(of hash: TableHash, where isKey: (State.Key) -> Bool) -> Int? {
    assert(keysAreRead, "a page's keys are read before one is looked for")
    if slots.isEmpty { return keys.firstIndex(where: isKey) }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash.value >> 32) & mask
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if isKey(keys[index]) { return index }
      slot = (slot + 1) & mask
    }
    return nil
  }

  private mutating func enter(_ index: Int) {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash(of: keys[index]).value >> 32) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = UInt32(index + 1)
  }

  private mutating func makeSlots() {
    guard keys.count > Self.unslottedMax else {
      slots = []
      return
    }
    var size = 32
    while size < keys.count * 2 { size *= 2 }
    slots = [UInt32](repeating: 0, count: size)
    for index in keys.indices { enter(index) }
  }

  @inline(__always)
  var keysAreRead: Bool { keys.count == count }
  @inline(__always)
  var isRead: Bool { stored == nil }
  @inline(__always)
  func isRead(_ index: Int) -> Bool { unread.isEmpty || unread[index].isEmpty }

  /// One that was read, where it lies.
  subscript(index: Int) -> State {
    @inline(__always)
    _read { yield states.span[index] }
    @inline(__always)
    _modify { yield &states[index] }
  }

  func forEach(_ body: (State.Key, State) -> Void) {
    for index in keys.indices {
      if isRead(index) {
        body(keys[index], states[index])
      } else if let state = stored(at: index) {
        body(keys[index], state)
      }
    }
  }

  /// Calls `body` with those that are read, and says what the page takes, without what these refer to: what is not
  /// read lies in the bytes that it came in.
  func visit(_ body: (State.Key, State) -> Void) -> Int {
    for index in keys.indices where isRead(index) { body(keys[index], states[index]) }
    let each = MemoryLayout<State>.stride + MemoryLayout<State.Key>.stride
    let tables = slots.capacity * MemoryLayout<UInt32>.stride
    return (stored?.readableBytes ?? 0) + states.capacity * each + tables
  }

  // MARK: changing

  /// The key is not there yet. Returns where it lies.
  mutating func append(_ key: State.Key, _ state: State) -> Int {
    assert(keysAreRead, "a page's keys are read before one more comes")
    take(key, state)
    if stored != nil { unread.append(0..<0) }
    if slots.count >= keys.count * 2 { enter(keys.count - 1) } else { makeSlots() }
    return keys.count - 1
  }

  /// The last one takes its place.
  mutating func remove(at index: Int) {
    load()
    keys.swapAt(index, keys.count - 1)
    states.swapAt(index, states.count - 1)
    keys.removeLast()
    states.removeLast()
    count -= 1
    makeSlots()
  }

  /// Takes out those whose hash has `bit`, for the page that they belong into from now on.
  mutating func split(by bit: UInt64) -> StatePage {
    load()
    var (staying, leaving) = (StatePage(seed: seed), StatePage(seed: seed))
    for index in keys.indices {
      if hash(of: keys[index]).value & bit == 0 {
        staying.take(keys[index], self[index])
      } else {
        leaving.take(keys[index], self[index])
      }
    }
    staying.makeSlots()
    leaving.makeSlots()
    self = staying
    return leaving
  }

  private mutating func take(_ key: State.Key, _ state: State) {
    keys.append(key)
    states.append(state)
    count += 1
  }

  // MARK: bytes

  /// Bytes that are known to be such a page: read when one of its states is needed. Nil where they
  /// don't say how many these are.
  init?(known bytes: ByteBuffer, seed: UInt64) {
    self.init(seed: seed)
    let count: UInt64? = bytes.withUnsafeReadableBytes { raw in
      var reader = ProtobufReader(raw)
      guard let tag = try? reader.tag(), tag == Self.countField << 3 else { return nil }
      return try? reader.varint()
    }
    self.count = Int(clamping: count ?? 0)
    if self.count > 0 { stored = bytes } else if bytes.readableBytes > 0 { return nil }
  }

  /// Nil for bytes that are no such page: a key twice, one that belongs elsewhere, or no state.
  /// `isRead`: it is read for good, and not only to see that it can be.
  init?(_ bytes: ByteBuffer, seed: UInt64, isRead: Bool, isHere: (TableHash) -> Bool) {
    self.init(seed: seed)
    guard let read = try? StatePage.read(bytes, seed: seed) else { return nil }
    for (index, key) in read.keys.enumerated() {
      let hash = hash(of: key)
      guard isHere(hash), read.index(of: hash, where: { $0 == key }) == index else { return nil }
    }
    if isRead || read.count == 0 {
      self = read
    } else {
      (count, stored) = (read.count, bytes)
    }
  }

  private static func read(
    _ bytes: ByteBuffer, seed: UInt64
  ) throws(DaybookError) -> StatePage? {
    guard var page = StatePage(known: bytes, seed: seed) else { return nil }
    let count = page.count
    page = StatePage(seed: seed)
    let isWhole = try forEachMessage(bytes) { (message, _) throws(DaybookError) in
      guard let (key, state) = try State.decode(message) else { return false }
      page.take(key, state)
      return true
    }
    guard isWhole, page.count == count else { return nil }
    page.makeSlots()
    return page
  }

  /// False if `body` said so once.
  private static func forEachMessage(
    _ bytes: ByteBuffer,
    _ body: (UnsafeRawBufferPointer, Range<UInt32>) throws(DaybookError) -> Bool
  ) throws(DaybookError) -> Bool {
    let result: Result<Bool, DaybookError> = bytes.withUnsafeReadableBytes { raw in
      Result { () throws(DaybookError) in
        var reader = ProtobufReader(raw)
        while !reader.isAtEnd {
          let tag = try reader.tag()
          guard tag == stateField << 3 | 2 else {
            try reader.skip(tag)
            continue
          }
          let message = try reader.delimited()
          let end = UInt32(reader.position)
          guard try body(message, end - UInt32(message.count)..<end) else { return false }
        }
        return true
      }
    }
    return try result.get()
  }

  /// Reads what is stored so far that its keys can be looked for.
  mutating func readKeys() {
    guard let stored, keys.isEmpty else { return }
    count = 0
    let isWhole = try? StatePage.forEachMessage(stored) { (message, range) throws(DaybookError) in
      take(try State.key(message), State.blank)
      unread.append(range)
      return true
    }
    // Whoever wrote it has read it, and its seal holds.
    precondition(isWhole == true, "a page of a snapshot is as whole as when it was written")
    unreadCount = count
    makeSlots()
  }

  /// Reads one state, so that it can be looked at and changed in place.
  mutating func read(_ index: Int) {
    guard !isRead(index) else { return }
    guard let state = stored(at: index) else {
      preconditionFailure("a state of a snapshot is as whole as when it was written")
    }
    states[index] = state
    unread[index] = 0..<0
    unreadCount -= 1
    if unreadCount == 0 { (stored, unread) = (nil, []) }
  }

  private func stored(at index: Int) -> State? {
    stored?.withUnsafeReadableBytes { raw in
      let range = Int(unread[index].lowerBound)..<Int(unread[index].upperBound)
      return (try? State.decode(UnsafeRawBufferPointer(rebasing: raw[range])))??.1
    }
  }

  /// Reads all of it.
  mutating func load() {
    guard stored != nil else { return }
    readKeys()
    for index in keys.indices { read(index) }
  }

  /// A state by itself, without reading the rest.
  func state(of key: State.Key) -> State? {
    guard let stored, keys.isEmpty else {
      let index = index(of: hash(of: key)) { $0 == key }
      return index.flatMap { isRead($0) ? states[$0] : self.stored(at: $0) }
    }
    var found: State?
    _ = try? StatePage.forEachMessage(stored) { (message, _) throws(DaybookError) in
      guard try State.key(message) == key else { return true }
      found = try State.decode(message)?.1
      return false
    }
    return found
  }

  /// What was not read is written as it came.
  func encode(_ field: Int, into writer: inout SnapshotWriter) {
    if let stored, keys.isEmpty {
      stored.withUnsafeReadableBytes { writer.delimited(field, $0) }
      return
    }
    var length = 0
    writer.message(field) { writer in
      let start = writer.bytes.count
      writer.uint(Self.countField, UInt64(count))
      for index in keys.indices {
        if isRead(index) {
          writer.message(Self.stateField) { states[index].encode(keys[index], into: &$0) }
        } else {
          stored?.withUnsafeReadableBytes { raw in
            let range = Int(unread[index].lowerBound)..<Int(unread[index].upperBound)
            writer.delimited(Self.stateField, UnsafeRawBufferPointer(rebasing: raw[range]))
          }
        }
      }
      length = writer.bytes.count - start
    }
    // Whoever starts from it does not read all of it before it serves.
    let written = ByteBuffer(bytes: writer.bytes.suffix(length))
    if (try? StatePage.read(written, seed: seed))?.keys != keys { writer.foundFault() }
  }
}
