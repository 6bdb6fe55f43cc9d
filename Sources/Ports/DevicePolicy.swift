package import DaybookModel

/// Which of a user's devices may be connected at the same time. An operator may change it while the server
/// runs: it counts for who connects from then on.
package enum DevicePolicy: String, Sendable, CaseIterable {
  /// As many as there are.
  case any
  /// One of each class; those of which the token names no class are one class.
  case oneOfEachClass = "class"
  case one
}

/// A device that connects, as its token says.
package struct ConnectingDevice: Sendable, Equatable {
  package var user: UserID
  package var device: DeviceID
  /// Nil where the token names none.
  package var deviceClass: DeviceClass?

  package init(_ user: UserID, _ device: DeviceID, deviceClass: DeviceClass? = nil) {
    self.user = user
    self.device = device
    self.deviceClass = deviceClass
  }

  /// Whether its connecting ends the session of another device of the user's.
  package func displaces(_ deviceClass: DeviceClass?, under policy: DevicePolicy) -> Bool {
    switch policy {
    case .any: false
    case .oneOfEachClass: self.deviceClass == deviceClass
    case .one: true
    }
  }
}
