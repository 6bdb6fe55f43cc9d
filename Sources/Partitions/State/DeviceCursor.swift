import DaybookModel

/// How far a device has acked a stream.
package struct DeviceCursor: Sendable, Equatable {
  package var device: DeviceID
  package var cursor: Seq

  package init(device: DeviceID, cursor: Seq) {
    self.device = device
    self.cursor = cursor
  }
}

extension [DeviceCursor] {
  package func cursor(of device: DeviceID) -> Seq? {
    first { $0.device == device }?.cursor
  }

  /// A device begins to follow the stream, maybe one that was forgotten before.
  package mutating func open(_ device: DeviceID, at cursor: Seq) {
    if let index = firstIndex(where: { $0.device == device }) {
      self[index].cursor = cursor
    } else {
      append(DeviceCursor(device: device, cursor: cursor))
    }
  }

  package mutating func acked(_ device: DeviceID, upTo seq: Seq) {
    if let index = firstIndex(where: { $0.device == device }) {
      self[index].cursor = Swift.max(self[index].cursor, seq)
    } else {
      append(DeviceCursor(device: device, cursor: seq))
    }
  }
}
