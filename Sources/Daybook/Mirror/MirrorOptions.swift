import ArgumentParser
import DaybookModel
import Mirror
import SegmentLog

/// Which cluster and which topic.
struct KafkaOptions: ParsableArguments {
  @Option(help: "Where Kafka's brokers are: HOST:PORT, several with commas between.")
  var brokers: String

  @Option(help: "The topic that has the events.")
  var topic = MirrorSettings.standardTopic

  @Option(help: "The topic that says how far the mirror is.")
  var offsetsTopic = MirrorSettings.standardOffsetsTopic

  @Option(
    name: .customLong("config"),
    help: """
      A property of librdkafka, NAME=VALUE, such as security.protocol=sasl_ssl; may be given several \
      times. Passwords don't go here, where everybody on this machine can read them.
      """)
  var properties: [String] = []

  @Option(
    name: .customLong("config-file"),
    help:
      "A file of such properties, one a line, which only its owner may read if a password is in it.",
    completion: .file())
  var propertiesFile: String?

  /// Throws `invalid_argument`, `permission_denied`.
  func configuration() throws(DaybookError) -> KafkaConfiguration {
    var all =
      try propertiesFile.map { path throws(DaybookError) in
        try KafkaPropertiesFile.read(path)
      } ?? []
    for text in properties {
      let property = try KafkaConfiguration.Property(parsing: text)
      guard !property.isSecret else {
        throw DaybookError(
          .invalidArgument,
          "\(property.name) on the command line can be read by everybody on this machine: put it into "
            + "a file and say --config-file, and take another one from now on")
      }
      all.append(property)
    }
    return try KafkaConfiguration(brokers: brokers, properties: all)
  }

  /// Throws as `configuration`.
  func settings(
    _ more: (inout MirrorSettings) throws(DaybookError) -> Void = { _ in }
  ) throws(DaybookError) -> MirrorSettings {
    var settings = MirrorSettings(kafka: try configuration())
    settings.topic = topic
    settings.offsetsTopic = offsetsTopic
    try more(&settings)
    if let fault = settings.fault { throw DaybookError(.invalidArgument, fault) }
    return settings
  }
}

/// Where the rows of groups go.
struct GroupsOptions: ParsableArguments {
  @Option(
    help: """
      The topic that has settings and members of groups as they are now; daybook.groups, beside another \
      topic of events its name with .groups.
      """)
  var groupsTopic: String?

  @Flag(help: "Mirror events alone, and no groups.")
  var noGroups = false

  func validate() throws {
    guard groupsTopic == nil || !noGroups else {
      throw ValidationError("give --groups-topic or --no-groups, not both")
    }
  }

  /// Nil for nowhere. `topic`: that of the events.
  func topic(beside topic: String) -> String? {
    noGroups ? nil : groupsTopic ?? MirrorSettings.standardGroupsTopic(topic)
  }
}

/// What of the log goes there, and as what.
struct ShapeOptions: ParsableArguments {
  @Option(
    help: "What a value is: protobuf, the event's bytes as they are in the log, or json; protobuf."
  )
  var format: String?

  @Option(
    name: .customLong("types"),
    help: "Only events of this type, as message_sent; may be given several times.")
  var types: [String] = []

  @Option(
    name: .customLong("streams"),
    help: "Only events of this stream, as group/dev or user/*; may be given several times.")
  var streams: [String] = []

  @Option(help: "What is left out of events: content, which is what people have written, or none.")
  var redact: String?

  /// Nil where nothing was said of it. Throws `invalid_argument`.
  func ifSaid() throws(DaybookError) -> RecordShape? {
    guard format != nil || redact != nil || !types.isEmpty || !streams.isEmpty else { return nil }
    return try shape()
  }

  /// Throws `invalid_argument`.
  func shape() throws(DaybookError) -> RecordShape {
    try ShapeOptions.shape(format: format, types: types, streams: streams, redact: redact)
  }

  /// The same, of what is not said otherwise.
  static func shape(
    format: String?, types: [String], streams: [String], redact: String?
  ) throws(DaybookError) -> RecordShape {
    var shape = RecordShape(filter: try EventFilter(types: types, streams: streams))
    if let format {
      guard let value = RecordShape.Value(rawValue: format) else {
        throw DaybookError(.invalidArgument, "the format is protobuf or json, not '\(format)'")
      }
      shape.value = value
    }
    if let redact {
      guard let redaction = RecordShape.Redaction(rawValue: redact) else {
        throw DaybookError(
          .invalidArgument, "what is redacted is content or none, not '\(redact)'")
      }
      shape.redaction = redaction
    }
    return shape
  }
}

extension SegmentLogReader {
  /// For the mirror, which goes on when the log's owner has stated less than there is.
  var mirrored: MirroredLog { MirroredLog(self) { [self] in end(of: $0) } }
}
