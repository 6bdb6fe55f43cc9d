package import DaybookModel

/// How far a device has acked a stream.
package struct DeviceCursor: Sendable, Equatable {
  package var device: DeviceID
  package var cursor: Seq
  /// The seq that was next in the user's mailbox when that came to know the device: one that was
  /// forgotten has another when it comes again. None where an older log doesn't say.
  package var registration: Seq
  /// Where it began: what lies up to there it has not received.
  package var opened: Seq
  /// In a mailbox: how far it has acked groups.
  package var groups = GroupPositions()
  /// In a mailbox: when it was last heard of, in milliseconds of `PartitionState.elapsed`.
  package var active: UInt64 = 0

  package init(device: DeviceID, cursor: Seq, registration: Seq = .none) {
    self.device = device
    self.cursor = cursor
    self.registration = registration
    opened = cursor
  }

  /// Not one that was forgotten since, as far as both sides say which one it is.
  package func isRegistered(as registration: Seq) -> Bool {
    self.registration == registration || self.registration == .none || registration == .none
  }
}

extension [DeviceCursor] {
  package func cursor(of device: DeviceID) -> Seq? { self[device]?.cursor }

  package subscript(device: DeviceID) -> DeviceCursor? { first { $0.device == device } }

  /// A device begins to follow the stream, maybe one that was forgotten before.
  package mutating func open(_ device: DeviceID, at cursor: Seq, registration: Seq) {
    let opened = DeviceCursor(device: device, cursor: cursor, registration: registration)
    if let index = firstIndex(where: { $0.device == device }) {
      self[index] = opened
    } else {
      append(opened)
    }
  }

  /// In a mailbox. Of a device that is not known any more nothing is kept.
  package mutating func acked(_ device: DeviceID, _ groups: [GroupPosition]) {
    guard let index = firstIndex(where: { $0.device == device }) else { return }
    for position in groups { self[index].groups.move(position.group, upTo: position.upTo) }
  }

  package mutating func acked(_ device: DeviceID, upTo seq: Seq) {
    if let index = firstIndex(where: { $0.device == device }) {
      self[index].cursor = Swift.max(self[index].cursor, seq)
    } else {
      append(DeviceCursor(device: device, cursor: seq))
    }
  }
}
