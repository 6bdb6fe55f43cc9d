package import DaybookModel

/// Streams and actors that were decoded lately, found by their bytes: a log names the same ones over and
/// over, and a key or an actor is made once for many events. A place for each hash, and whoever comes
/// last has it: bounded, and never wrong.
///
/// Not for sharing between threads.
package final class NameCache {
  private static let places = Limits.namesCachedMax
  // Unchecked: one thread has it, and nothing that is called here comes back to it.
  @exclusivity(unchecked) private var streams: ContiguousArray<StreamKey?>
  @exclusivity(unchecked) private var actors: ContiguousArray<Actor?>

  package init() {
    streams = ContiguousArray(repeating: nil, count: NameCache.places)
    actors = ContiguousArray(repeating: nil, count: NameCache.places)
  }

  /// Nil for what names no stream.
  package func stream(_ bytes: UnsafeRawBufferPointer) -> StreamKey? {
    var hash = StableHash()
    hash.combine(bytes)
    let fingerprint = hash.finish()
    let place = NameCache.place(fingerprint)
    if let known = streams[place], known.fingerprint == fingerprint,
      ByteEquality.of(known.text, bytes)
    {
      return known
    }
    let stream = StreamKey(checked: String(decoding: bytes, as: UTF8.self))
    streams[place] = stream
    return stream
  }

  func actor(_ fields: ActorFields) -> Actor {
    var hash = StableHash()
    if let user = fields.user { hash.combine(user) }
    if let device = fields.device { hash.combine(device) }
    if let service = fields.service { hash.combine(service) }
    let place = NameCache.place(hash.finish())
    if let known = actors[place], fields.names(known) { return known }
    let actor = Actor(fields)
    actors[place] = actor
    return actor
  }

  private static func place(_ hash: UInt64) -> Int {
    assert(places & (places - 1) == 0, "a power of two")
    return Int(truncatingIfNeeded: hash) & (places - 1)
  }
}

/// Who did something, in place.
struct ActorFields {
  var user: UnsafeRawBufferPointer?
  var device: UnsafeRawBufferPointer?
  var service: UnsafeRawBufferPointer?

  fileprivate func names(_ actor: Actor) -> Bool {
    func isSame(_ text: String?, _ bytes: UnsafeRawBufferPointer?) -> Bool {
      guard let text, let bytes else { return text == nil && bytes == nil }
      return ByteEquality.of(text, bytes)
    }
    return isSame(actor.user?.text, user) && isSame(actor.device?.text, device)
      && isSame(actor.service?.text, service)
  }
}

extension Actor {
  convenience init(_ fields: ActorFields) {
    func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
    self.init(
      user: fields.user.map { UserID(checked: text($0)) },
      device: fields.device.map { DeviceID(checked: text($0)) },
      service: fields.service.map { ServiceID(checked: text($0)) })
  }
}
