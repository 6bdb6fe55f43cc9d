/// Kept equal to `schemas/errors.yaml` by a test.
extension ErrorCode {
  // 1xx: the connection and its frames.
  package static let malformedFrame = ErrorCode(100, "malformed_frame")
  package static let frameTooLarge = ErrorCode(101, "frame_too_large")
  package static let unknownRequestType = ErrorCode(102, "unknown_request_type")
  package static let outOfOrderFrame = ErrorCode(103, "out_of_order_frame")
  package static let connectDeadline = ErrorCode(104, "connect_deadline", temporary: true)
  package static let heartbeatMissed = ErrorCode(105, "heartbeat_missed", temporary: true)
  package static let tooManyInFlight = ErrorCode(106, "too_many_in_flight", temporary: true)
  package static let slowConsumer = ErrorCode(107, "slow_consumer", temporary: true)
  package static let serverStopping = ErrorCode(108, "server_stopping", temporary: true)
  package static let sessionReplaced = ErrorCode(109, "session_replaced")
  package static let deviceDisplaced = ErrorCode(110, "device_displaced")

  // 2xx: who is asking.
  package static let invalidToken = ErrorCode(200, "invalid_token")
  package static let expiredToken = ErrorCode(201, "expired_token")
  package static let foreignToken = ErrorCode(202, "foreign_token")
  package static let notPermitted = ErrorCode(203, "not_permitted")
  package static let earlyToken = ErrorCode(204, "early_token", temporary: true)
  package static let tokenRevoked = ErrorCode(205, "token_revoked")

  // 3xx: the request itself.
  package static let invalidID = ErrorCode(300, "invalid_id")
  package static let invalidContent = ErrorCode(301, "invalid_content")
  package static let contentTooLarge = ErrorCode(302, "content_too_large")
  package static let invalidRequest = ErrorCode(303, "invalid_request")
  package static let clockAhead = ErrorCode(304, "clock_ahead", temporary: true)

  // 4xx: what the state of users, groups and origins forbids.
  package static let numberConflict = ErrorCode(400, "number_conflict")
  package static let duplicateExpired = ErrorCode(401, "duplicate_expired")
  package static let groupNotFound = ErrorCode(402, "group_not_found")
  package static let groupExists = ErrorCode(403, "group_exists")
  package static let notAMember = ErrorCode(404, "not_a_member")
  package static let seqPastHead = ErrorCode(405, "seq_past_head")
  package static let unknownDevice = ErrorCode(406, "unknown_device")
  package static let unknownUser = ErrorCode(407, "unknown_user")
  package static let messageNotFound = ErrorCode(408, "message_not_found")
  package static let messageWasRecalled = ErrorCode(409, "message_recalled")
  package static let recallExpired = ErrorCode(410, "recall_expired")
  package static let blocked = ErrorCode(411, "blocked")
  package static let silenced = ErrorCode(412, "silenced")
  package static let groupDissolved = ErrorCode(413, "group_dissolved")
  package static let notInvited = ErrorCode(414, "not_invited")
  package static let tooManyAmendments = ErrorCode(415, "too_many_amendments")
  package static let receiptsOff = ErrorCode(416, "receipts_off")
  package static let deviceForgotten = ErrorCode(417, "device_forgotten")
  package static let groupFull = ErrorCode(418, "group_full")
  package static let tooManyDevices = ErrorCode(419, "too_many_devices")
  package static let tooManyStays = ErrorCode(420, "too_many_stays")
  package static let numberGap = ErrorCode(421, "number_gap", temporary: true)
  package static let tooManyRevocations = ErrorCode(422, "too_many_revocations")

  // 5xx: the log and what is built from it.
  package static let storageFull = ErrorCode(500, "storage_full", temporary: true)
  package static let storageFailed = ErrorCode(501, "storage_failed", temporary: true)
  package static let partitionReadOnly = ErrorCode(502, "partition_read_only")
  package static let logCorrupt = ErrorCode(503, "log_corrupt")
  package static let logRolledBack = ErrorCode(504, "log_rolled_back")
  package static let projectionBehind = ErrorCode(505, "projection_behind", temporary: true)
  package static let offsetOutOfRange = ErrorCode(506, "offset_out_of_range")
  package static let overloaded = ErrorCode(507, "overloaded", temporary: true)
  package static let projectionDiffers = ErrorCode(508, "projection_differs")
  package static let idsExhausted = ErrorCode(509, "ids_exhausted")
  package static let truncated = ErrorCode(510, "truncated")
  package static let positionOfAnother = ErrorCode(511, "position_of_another")
  package static let positionNotFound = ErrorCode(512, "position_not_found")
  package static let tooManyPositions = ErrorCode(513, "too_many_positions")

  // 6xx: the data folder and the command line.
  package static let dataFolderMissing = ErrorCode(600, "data_folder_missing")
  package static let dataFolderExists = ErrorCode(601, "data_folder_exists")
  package static let dataFolderInUse = ErrorCode(602, "data_folder_in_use", temporary: true)
  package static let formatVersion = ErrorCode(603, "format_version")
  package static let permissionDenied = ErrorCode(604, "permission_denied")
  package static let epochFenced = ErrorCode(605, "epoch_fenced")
  package static let invalidArgument = ErrorCode(606, "invalid_argument")
  package static let unreachable = ErrorCode(607, "unreachable", temporary: true)
  package static let invalidInput = ErrorCode(608, "invalid_input")

  // 62x: the client library.
  package static let cancelled = ErrorCode(620, "cancelled")
  package static let deadlineExceeded = ErrorCode(621, "deadline_exceeded", temporary: true)
  package static let tokenUnavailable = ErrorCode(622, "token_unavailable", temporary: true)
  package static let outboxFailed = ErrorCode(623, "outbox_failed")
  package static let outboxCorrupt = ErrorCode(624, "outbox_corrupt")
  package static let outboxInUse = ErrorCode(625, "outbox_in_use", temporary: true)
  package static let outboxOfAnother = ErrorCode(626, "outbox_of_another")

  // 63x: TLS, as the client library meets it.
  package static let tlsPlainServer = ErrorCode(630, "tls_plain_server")
  package static let tlsRequired = ErrorCode(631, "tls_required")
  package static let tlsCertificateUntrusted = ErrorCode(632, "tls_certificate_untrusted")
  package static let tlsCertificateExpired = ErrorCode(
    633, "tls_certificate_expired", temporary: true)
  package static let tlsWrongName = ErrorCode(634, "tls_wrong_name")
  package static let tlsClientCertificate = ErrorCode(635, "tls_client_certificate")
  package static let tlsFailed = ErrorCode(636, "tls_failed", temporary: true)

  // 7xx: Kafka, and the mirror of the log there.
  package static let kafkaUnreachable = ErrorCode(700, "kafka_unreachable", temporary: true)
  package static let kafkaRefused = ErrorCode(701, "kafka_refused")
  package static let kafkaForbidden = ErrorCode(702, "kafka_forbidden")
  package static let kafkaTLSFailed = ErrorCode(703, "kafka_tls_failed")
  package static let kafkaTopicMissing = ErrorCode(704, "kafka_topic_missing")
  package static let kafkaTopicUnfit = ErrorCode(705, "kafka_topic_unfit")
  package static let kafkaRecordTooLarge = ErrorCode(706, "kafka_record_too_large")
  package static let kafkaThrottled = ErrorCode(707, "kafka_throttled", temporary: true)
  package static let kafkaFailed = ErrorCode(708, "kafka_failed", temporary: true)
  package static let mirrorFenced = ErrorCode(720, "mirror_fenced")
  package static let mirrorOfAnother = ErrorCode(721, "mirror_of_another")
  package static let mirrorTopicLost = ErrorCode(722, "mirror_topic_lost")

  package static let all: [ErrorCode] = [
    malformedFrame, frameTooLarge, unknownRequestType, outOfOrderFrame, connectDeadline,
    heartbeatMissed, tooManyInFlight, slowConsumer, serverStopping, sessionReplaced,
    deviceDisplaced,
    invalidToken, expiredToken, foreignToken, notPermitted, earlyToken, tokenRevoked,
    invalidID, invalidContent, contentTooLarge, invalidRequest, clockAhead,
    numberConflict, duplicateExpired, groupNotFound, groupExists, notAMember, seqPastHead,
    unknownDevice, unknownUser,
    messageNotFound, messageWasRecalled, recallExpired, blocked, silenced, groupDissolved,
    notInvited, tooManyAmendments, receiptsOff, deviceForgotten, groupFull,
    tooManyDevices,
    tooManyStays, numberGap, tooManyRevocations,
    storageFull, storageFailed, partitionReadOnly, logCorrupt, logRolledBack, projectionBehind,
    offsetOutOfRange, overloaded, projectionDiffers, idsExhausted,
    truncated, positionOfAnother, positionNotFound, tooManyPositions,
    dataFolderMissing, dataFolderExists, dataFolderInUse, formatVersion, permissionDenied,
    epochFenced, invalidArgument, unreachable, invalidInput,
    cancelled, deadlineExceeded, tokenUnavailable, outboxFailed, outboxCorrupt, outboxInUse,
    outboxOfAnother,
    tlsPlainServer, tlsRequired, tlsCertificateUntrusted, tlsCertificateExpired, tlsWrongName,
    tlsClientCertificate, tlsFailed,
    kafkaUnreachable, kafkaRefused, kafkaForbidden, kafkaTLSFailed, kafkaTopicMissing,
    kafkaTopicUnfit, kafkaRecordTooLarge, kafkaThrottled, kafkaFailed, mirrorFenced,
    mirrorOfAnother, mirrorTopicLost,
  ]

  /// One that a later version has given, and this one doesn't know, keeps its number.
  package static func numbered(_ number: UInt32) -> ErrorCode {
    all.first { $0.number == number } ?? ErrorCode(number, "error_\(number)")
  }

  /// For which a server closes a session without having been asked (`schemas/wire-protocol.md`).
  package static let closing: [ErrorCode] = [
    connectDeadline, heartbeatMissed, slowConsumer, serverStopping, sessionReplaced,
    deviceDisplaced, expiredToken, tokenRevoked, deviceForgotten, storageFull, storageFailed,
    partitionReadOnly, logCorrupt, projectionBehind,
    overloaded,
  ]
}
