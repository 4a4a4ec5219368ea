import { z } from 'zod';
import { MailAck, MailCheck, MailInbox, mailPriorities, MailRead, MailReply, MailSend } from '../mail';
import { MayorAnswer, MayorAsk, MayorPlan, MayorRuntime, MayorStart, MayorStatus } from '../mayor';
import { name, noParams, schemaFor } from './schema';

const text = z.string().max(100_000);
const flag = z.boolean().default(false);

export const mailSchemas = [
  schemaFor(MailInbox.spec, z.object({ address: name.optional(), unread: flag, all: flag })),
  schemaFor(MailRead.spec, z.object({ id: name })),
  schemaFor(
    MailSend.spec,
    z.object({
      to: name,
      subject: z.string().min(1).max(400),
      body: text.default(''),
      priority: z.enum(mailPriorities).default('normal'),
      replyTo: name.optional(),
    }),
  ),
  schemaFor(MailReply.spec, z.object({ id: name, body: text.min(1), subject: z.string().max(400).optional() })),
  schemaFor(MailAck.spec, z.object({ ids: z.array(name).min(1).max(200) })),
  schemaFor(MailCheck.spec, noParams),
];

/** Schemas of requests to the Mayor, and of its answers. */
export const mayorSchemas = [
  schemaFor(MayorAsk.spec, z.object({ text: text.min(1), title: z.string().max(400).optional() })),
  schemaFor(MayorStart.spec, noParams),
  schemaFor(MayorStatus.spec, noParams),
  schemaFor(MayorPlan.spec, z.object({ request: name, convoy: name, note: z.string().max(20_000).optional() })),
  schemaFor(MayorAnswer.spec, z.object({ request: name, message: text.min(1) })),
  schemaFor(MayorRuntime.spec, z.object({ name: z.string().max(200).optional() })),
];
