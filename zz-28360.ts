import { createDirectoryStore } from './src/store/directory/directory-store.ts';
import { parquetTables } from './src/parquet/tables.ts';
import { writeDayFile } from './src/catalogue/day-file.ts';
import { dayFileKey, nextDay } from './src/catalogue/places.ts';
import { DATE_LAYOUT } from './src/record/layout.ts';
import { unlimited, systemClock } from './src/clock.ts';
import { silentLogger } from './src/log.ts';
import { findRecordings, findRows } from './src/catalogue/find-recordings.ts';
import { randomUUID, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
const root='/tmp/cat-fig'; const N=Number(process.argv[2]??2740), DAYS=365;
const store=createDirectoryStore(root);
const agents=Array.from({length:2000},(_,i)=>`00000000-0000-4000-8000-${String(i).padStart(12,'0')}`), queues=Array.from({length:120},(_,i)=>`10000000-0000-4000-8000-${String(i).padStart(12,'0')}`);
const cust=Array.from({length:300000},()=>randomBytes(8).readBigInt64LE());
let sample:any=[];
if(!existsSync(root+'/sample.json')){let ms=0,rows_=0,bytes=0;
for(let d=0;d<DAYS;d++){const day=nextDay('2025-03-01',d);const t0=Date.parse(day+'T00:00:00Z');const rows:any[]=[];
for(let i=0;i<N;i++){const rid=randomUUID();rows.push({organization_id:'o',conversation_id:randomUUID(),recording_id:rid,channel:null,key:`archive/${day.replaceAll('-','/')}/${rid}.enc`,receipt_key:null,kind:'archived',state:Math.random()<0.005?'missing':'archived',storage_class:'STANDARD',recorded_at:t0+Math.floor(i*86400000/N),stored_at:t0+Math.floor(i*86400000/N)+900000+Math.floor(Math.random()*60000),duration_ms:Math.floor(Math.random()*1200000),bytes:BigInt(Math.floor(Math.random()*1e7)),media:'call',media_subtype:null,content_type:'audio/wav',direction:'inbound',agent_ids:[agents[Math.floor(Math.random()*2000)]],queue_ids:[queues[i%120]],queue_names:['Queue '+i%120],division_ids:['d'],wrap_up_codes:[queues[i%20]],wrap_up_names:['W '+i%20],company_address:'+4930'+i%50,customer_hash:cust[Math.floor(Math.random()*300000)],legal_hold:false,hold_ids:null,retain_until:null,format:'s3ec-v3',key_id:null,facts:'analytics'})}
const t=performance.now();const b=writeDayFile(parquetTables,rows,{day,inputs:'x',search_key_id:'1-x',store:store.location});ms+=performance.now()-t;rows_+=N;bytes+=b.length;await store.put(dayFileKey(day),b,{metadata:{},contentType:'x'},unlimited);
if(d%40===7)sample.push({conversation:rows[5].conversation_id,hash:String(rows[9].customer_hash)});}
console.log('written',rows_,'rows',bytes/rows_,'B/row',rows_/ms*1000,'rows/s');writeFileSync(root+'/sample.json',JSON.stringify(sample));}
sample=JSON.parse(readFileSync(root+'/sample.json','utf8'));
const fake={id:'1-x',hash:(_k:string,v:string)=>BigInt(v)};
const ports:any={archive:store,catalogue:store,tables:parquetTables,layout:DATE_LAYOUT,options:{agents:'id',facts:'none',shards:1},clock:systemClock,logger:silentLogger};
const far={...store,location:store.location,pin:undefined,get:async(...a:any[])=>{await new Promise(r=>setTimeout(r,30));return (store.get as any)(...a)},list:async function*(...a:any[]){await new Promise(r=>setTimeout(r,30));yield* (store.list as any)(...a)},head:async(...a:any[])=>{await new Promise(r=>setTimeout(r,30));return (store.head as any)(...a)}};
async function time(name:string,p:any,q:any,wanted?:any){const times:number[]=[];let n=0;for(let r=0;r<3;r++){const t=performance.now();const s=await findRecordings(p,q,{},unlimited);n=0;for await(const x of findRows(s,wanted?{wanted}:{}))n++;times.push(performance.now()-t);}times.sort((a,b)=>a-b);console.log(name.padEnd(44),n,'rows',Math.round(times[1]!),'ms median of 3','RSS',Math.round(process.memoryUsage().rss/1e6),'max',Math.round(process.resourceUsage().maxRSS/1e3));}
await time('conversation id, all time',ports,{conversations:[sample[2].conversation]});
await time('the same, 30 ms late',{...ports,catalogue:far},{conversations:[sample[3].conversation]});
await time('agent, 7 days',ports,{agents:[agents[7]],from:'2025-06-01',to:'2025-06-07'});
async function count(name:string,q:any,cols:any){const times:number[]=[];let n=0;for(let r=0;r<3;r++){const t=performance.now();const s=await findRecordings(ports,q,{},unlimited);n=0;for await(const d of s.days(cols))for(const h of d.hits)n+=h.count;times.push(performance.now()-t);}times.sort((a,b)=>a-b);console.log(name.padEnd(44),n,Math.round(times[1]!),'ms','max RSS',Math.round(process.resourceUsage().maxRSS/1e3));}
await count('counts per day',{},['bytes']);
await count('agent, all time, count',{agents:[agents[7]]},[]);
await time('agent, all time, rows',ports,{agents:[agents[7]]});
