package import DaybookSchema
import SwiftProtobuf

/// `ConnectionSettings` of `schemas/daybook/v1/frame.proto`: what a client wants of its connection.
package struct ConnectionSettings: Sendable, Equatable {
  /// What others have received and read is not pushed.
  package var withholdsReceipts = false
  /// Events are announced, and fetched by the client.
  package var pulls = false
  /// Others see the device as if it were not there.
  package var hidesPresence = false
  /// What comes in conversations that the user has marked as quiet is not pushed.
  package var withholdsQuiet = false
  /// Large frames come deflated.
  package var deflates = false

  package init() {}

  /// A way to compress that this version doesn't know is none.
  package init(_ settings: Daybook_V1_ConnectionSettings) {
    withholdsReceipts = settings.receiptsWithheld
    pulls = settings.pull
    hidesPresence = settings.presenceHidden
    withholdsQuiet = settings.quietWithheld
    deflates = settings.compression == .deflate
  }

  package var message: Daybook_V1_ConnectionSettings {
    .with {
      $0.receiptsWithheld = withholdsReceipts
      $0.pull = pulls
      $0.presenceHidden = hidesPresence
      $0.quietWithheld = withholdsQuiet
      $0.compression = deflates ? .deflate : .none
    }
  }
}
